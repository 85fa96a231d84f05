"""Many methods measured on one picture, in a table that grows."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.explain.explain_picture import ExplainRequest
from resnet_viz.explain.method_names import MethodName
from resnet_viz.explain.methods import METHODS, Family
from resnet_viz.jobs.job import JobStopped
from resnet_viz.pictures.decode import Picture
from resnet_viz.records import Pair
from resnet_viz.records.explained_picture import ExplainedPicture
from resnet_viz.records.map_facts import Fused
from resnet_viz.ui.explain.explanation_jobs import explaining, finished
from resnet_viz.ui.frame.engines import results
from resnet_viz.ui.frame.session import TABLE_JOBS, TABLE_RUNNING
from resnet_viz.ui.frame.words import md_escape
from resnet_viz.ui.running.waiting import wait


@dataclass(frozen=True)
class _Side:
    loaded: Loaded
    request: ExplainRequest
    title: str


def show_table(
    picture: Picture,
    twins: Pair[Loaded],
    requests: Pair[ExplainRequest],
    titles: Pair[str],
    text: Text,
) -> None:
    """Show the choice of methods, a start and stop button, and one row per method and network."""
    chosen = st.multiselect(
        text("explain.compare_which"),
        list(METHODS),
        default=_measured_at_first(),
        format_func=lambda name: text(f"methods.{name}"),
        key="table_methods",
    )
    left, right = st.columns([1, 4])
    running = TABLE_RUNNING.get()
    left.button(
        text("explain.compare_stop" if running else "explain.compare_start"),
        key="table_start",
        on_click=_switch,
    )
    methods = [MethodName(name) for name in chosen]
    sides_of = {name: _sides(twins, requests.map(with_method(name)), titles) for name in methods}
    place, refused = st.empty(), st.empty()
    if not running:
        _draw(place, _finished_rows(picture, sides_of, text), "kept", text)
        return
    bar = right.empty()
    rows: list[dict[str, object]] = []
    refusals: list[str] = []
    for number, (name, sides) in enumerate(sides_of.items()):
        done = text("explain.all_measured", done=number, total=len(chosen))
        bar.progress(number / len(chosen), text=done)
        for row in _rows(picture, name, sides, text):
            if isinstance(row, str):
                refusals.append(row)
            else:
                rows.append(row)
        _draw(place, rows, str(number), text)
    bar.progress(1.0, text=text("explain.all_measured", done=len(chosen), total=len(chosen)))
    if refusals:
        refused.warning("  \n".join(refusals))


def _measured_at_first() -> list[MethodName]:
    """Return the default methods: the fast ones, and two at the input for comparison."""
    family = [name for name, row in METHODS.items() if row.family is Family.CAM]
    return [*family, MethodName.SALIENCY, MethodName.DEEP_LIFT]


def _switch() -> None:
    """Start or stop the measurements; finished rows stay."""
    if TABLE_RUNNING.get():
        for key in TABLE_JOBS.get():
            if (job := results().find(key)) is not None:
                job.stop()
    TABLE_RUNNING.set(not TABLE_RUNNING.get())


def with_method(method: MethodName) -> Callable[[ExplainRequest], ExplainRequest]:
    """Return a function that changes a request's method; drops a layer the method cannot use."""
    row = METHODS[method]

    def change(request: ExplainRequest) -> ExplainRequest:
        if method == request.method:
            return request
        fits = row.can_be_fused if isinstance(request.layer, Fused) else row.at_layer
        layer = request.layer if fits else None
        return replace(request, method=row.name, options=row.options_with(), layer=layer)

    return change


def _sides(twins: Pair[Loaded], requests: Pair[ExplainRequest], titles: Pair[str]) -> list[_Side]:
    """Return network, request and title of both sides."""
    parts = twins.join(requests).join(titles)
    return [_Side(loaded, request, title) for (loaded, request), title in parts]


def _finished_rows(
    picture: Picture, sides_of: Mapping[MethodName, list[_Side]], text: Text
) -> list[dict[str, object]]:
    """Return the rows that are already computed."""
    every = [side for sides in sides_of.values() for side in sides]
    explained = [(s, finished(s.loaded, picture, s.request, scored=True)) for s in every]
    return [
        _row(explanation, side.title, text)
        for side, explanation in explained
        if explanation is not None
    ]


def _rows(
    picture: Picture, method: str, sides: list[_Side], text: Text
) -> Iterator[dict[str, object] | str]:
    """Yield one row per network, or a sentence if the method refuses it."""
    label = text("explain.working", method=text(f"methods.{method}"))
    jobs = [explaining(side.loaded, picture, side.request, scored=True) for side in sides]
    TABLE_JOBS.set([job.key for job in jobs])
    for job, side in zip(jobs, sides, strict=True):
        try:
            yield _row(wait(job, label), side.title, text)
        except JobStopped:  # in another tab
            yield text("explain.stopped")
        except ResnetVizError as error:
            yield text(
                "explain.compare_refused",
                method=md_escape(text(f"methods.{method}")),
                network=md_escape(side.title),
                reason=md_escape(error.sentence(text)),
            )


def _draw(place: DeltaGenerator, rows: list[dict[str, object]], name: str, text: Text) -> None:
    if rows:
        with place.container():
            st.dataframe(pd.DataFrame(rows).round(3), hide_index=True, key=f"table_{name}")
            st.caption(text("explain.compare_caption"))


def _row(explained: ExplainedPicture, title: str, text: Text) -> dict[str, object]:
    names = {
        text("explain.column_method"): text(f"methods.{explained.explanation.method}"),
        text("explain.column_network"): title,
    }
    return {**names, **{text(f"scores.{score.name}"): score.value for score in explained.scores}}
