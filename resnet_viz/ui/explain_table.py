"""Many methods measured on one picture: a sortable table that grows, stops and goes on."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.errors import ResnetVizError
from resnet_viz.pictures import Picture
from resnet_viz.probe.explained import Request
from resnet_viz.probe.methods import METHODS, Family, options_of
from resnet_viz.records import Pair
from resnet_viz.records.explanation import ExplainedPicture, Fused
from resnet_viz.text import Text
from resnet_viz.ui.explain_jobs import submit
from resnet_viz.ui.waiting import wait
from resnet_viz.ui.words import md_escape

_RUNNING = "table_running"
_QUICK = [name for name, row in METHODS.items() if row.family is Family.CAM]


def show_table(
    picture: Picture,
    twins: Pair[Loaded],
    requests: Pair[Request],
    titles: Pair[str],
    text: Text,
) -> None:
    """The choice of methods, start and stop, and one row a method and network."""
    chosen = st.multiselect(
        text("explain.compare_which"),
        list(METHODS),
        default=[*_QUICK, "saliency", "deep-lift"],
        format_func=lambda name: text(f"methods.{name}"),
        key="table_methods",
    )
    left, right = st.columns([1, 4])
    running = bool(st.session_state.get(_RUNNING, False))
    left.button(
        text("explain.compare_stop" if running else "explain.compare_start"),
        key="table_start",
        on_click=_switch,
    )
    if not running:
        return
    with right:
        bar = st.empty()
    place, refused = st.empty(), st.empty()
    rows: list[dict[str, Any]] = []
    refusals: list[str] = []
    for number, name in enumerate(chosen):
        bar.progress(
            number / len(chosen),
            text=text("explain.all_measured", done=number, total=len(chosen)),
        )
        for row in _rows(picture, twins, requests.map(with_method(name)), titles, text):
            if isinstance(row, str):
                refusals.append(row)
            else:
                rows.append(row)
        place.dataframe(pd.DataFrame(rows).round(3), hide_index=True, key=f"table_{number}")
    bar.progress(1.0, text=text("explain.all_measured", done=len(chosen), total=len(chosen)))
    st.caption(text("explain.compare_caption"))
    if refusals:
        refused.warning("  \n".join(refusals))


def _switch() -> None:
    st.session_state[_RUNNING] = not st.session_state.get(_RUNNING, False)


def with_method(method: str) -> Callable[[Request], Request]:
    """A request with another method; a layer that it cannot use is left to it."""
    row = METHODS[method]

    def change(request: Request) -> Request:
        if method == request.method:
            return request
        fits = row.at_layer and not (row.signed and isinstance(request.layer, Fused))
        layer = request.layer if fits else None
        return replace(request, method=method, options=options_of(row), layer=layer)

    return change


def _rows(
    picture: Picture,
    twins: Pair[Loaded],
    requests: Pair[Request],
    titles: Pair[str],
    text: Text,
) -> Iterator[dict[str, Any] | str]:
    """A row for each network, or the sentence that says why there is none."""
    method = requests.residual.method
    label = text("explain.working", method=text(f"methods.{method}"))
    jobs = [
        submit(loaded, picture, request, scored=True)
        for (_, loaded), (_, request) in zip(twins.items(), requests.items(), strict=True)
    ]
    for job, (_, title) in zip(jobs, titles.items(), strict=True):
        try:
            yield _row(wait(job.future, label), title, text)
        except ResnetVizError as error:
            yield text(
                "explain.compare_refused",
                method=md_escape(text(f"methods.{method}")),
                network=md_escape(title),
                reason=md_escape(error.sentence(text)),
            )


def _row(made: ExplainedPicture, title: str, text: Text) -> dict[str, Any]:
    names = {
        text("explain.column_method"): text(f"methods.{made.explanation.method}"),
        text("explain.column_network"): title,
    }
    return {**names, **{text(f"scores.{score.name}"): score.value for score in made.scores}}
