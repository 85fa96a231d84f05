"""``Faithfulness`` with its curves."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resnet_viz.records import faithfulness_scores

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False, repr=False)
class Faithfulness(faithfulness_scores.Faithfulness):
    """The scores of one map; ``scores["deletion"]`` is one of them, iterating gives all."""

    def figure(self) -> "go.Figure":
        """Return the curves of deletion, insertion and ROAD as a Plotly figure."""
        from resnet_viz.figures.result_plots import scores_figure

        return scores_figure(self)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, border=0))
