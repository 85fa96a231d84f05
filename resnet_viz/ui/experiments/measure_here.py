"""The way to measure an experiment on this machine: settings, duration, and where it runs."""

from dataclasses import fields
from typing import Any

import streamlit as st

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.datasets.cifar10_images import is_excerpt
from resnet_viz.experiments.measures.batches import Images
from resnet_viz.experiments.recordings import LIVE_LIMIT, deepest_first, expected_seconds
from resnet_viz.experiments.registry import Experiment
from resnet_viz.ui.experiments.background_runs import offer_background
from resnet_viz.ui.experiments.twins_choice import ask_twins
from resnet_viz.ui.frame.engines import measurements
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import MEASURED, MEASURING, SHOWN
from resnet_viz.ui.frame.words import duration

#: What is shown, if it was measured on this page.
HERE = "here"

_COLUMNS = 3  # of settings
_USUAL, _SMALL, _RECORDED = "usual", "small", "recorded"  # settings to start from


def offer_measuring(row: Experiment, text: Text) -> None:
    """Ask for settings, and offer to measure with them: on the page, or in the background."""
    with st.popover(
        text("experiments.measure_here"),
        icon=":material/science:",
        width="content",
        key=MEASURING.name,
        on_change="rerun",  # so that it can be closed when the measurement starts
    ):
        config = _ask_settings(row, text)
        if config is None:
            return
        if getattr(config, "source", None) is Images.CIFAR10 and is_excerpt():
            st.caption(text("cifar10.excerpt"))
        seconds = expected_seconds(row, config)
        live = seconds is None or seconds <= LIVE_LIMIT
        if seconds is not None:
            takes = "takes" if live else "takes_long"
            st.caption(text(f"experiments.{takes}", time=duration(seconds, text)))
        with st.container(horizontal=True):
            if live:
                st.button(text("experiments.measure"), key="measure_here", type="primary",
                          on_click=_measure, args=(row, config))  # fmt: skip
            offer_background(row, config, text)


def _measure(row: Experiment, config: Any) -> None:  # noqa: ANN401
    """Show what is measured with these settings; an unfinished measurement starts anew."""
    MEASURED[row.name].set(config)
    SHOWN[row.name].set(HERE)
    MEASURING.set(False)
    measurements().forget_unfinished((row.name, config))


def _ask_settings(row: Experiment, text: Text) -> Any:  # noqa: ANN401  # the experiment's own
    """Ask for settings, starting from the usual ones, small ones, or those of the recording."""
    starts = {_USUAL: row.settings(), _SMALL: row.settings(small=True)}
    recorded = row.settings(deepest_first(row)[0].finding.settings)
    if recorded != starts[_USUAL]:
        starts[_RECORDED] = recorded
    chosen = st.segmented_control(
        text("experiments.start"),
        list(starts),
        default=_USUAL,
        format_func=lambda name: text(f"experiments.start_{name}"),
        key=f"start_{row.name}",
        help=text("experiments.start_help"),
        required=True,
    )
    start = starts[chosen or _USUAL]
    names = [field.name for field in fields(start)]
    own = ask_twins(f"twins_{row.name}", text) if "twins" in names else {}
    typed: dict[str, str] = {}
    columns = st.columns(_COLUMNS)
    for place, name in enumerate(name for name in names if name not in {"twins", *own}):
        typed[name] = columns[place % _COLUMNS].text_input(
            name,
            _written(getattr(start, name)),
            key=f"set_{row.name}_{chosen}_{name}",
            max_chars=80,
        )
    try:
        return row.settings(typed | own)
    except ResnetVizError as error:
        show_error(error, text)
        return None


def _written(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
