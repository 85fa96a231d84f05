"""The Gradients page: the laboratory, whole trainings, and the formulas."""

from resnet_viz.core.text import Text
from resnet_viz.ui.frame.named_tabs import named_tabs
from resnet_viz.ui.frame.session import LAB_TAB
from resnet_viz.ui.gradients.formulas_panel import show_formulas
from resnet_viz.ui.gradients.laboratory import show_laboratory
from resnet_viz.ui.gradients.trainings_panel import show_trainings

_TABS = {"laboratory": show_laboratory, "trainings": show_trainings, "formulas": show_formulas}


def show_gradients(text: Text) -> None:
    """Show the three tabs; only the open one is computed."""
    labels = {name: text(f"gradient_lab.tab_{name}") for name in _TABS}
    opened, tab = named_tabs(LAB_TAB, labels)
    with tab:
        _TABS[opened](text)
