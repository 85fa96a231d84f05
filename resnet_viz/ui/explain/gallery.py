"""Explanations of many pictures: the form and the background run."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.datasets.cifar10_images import is_excerpt
from resnet_viz.datasets.load_dataset import known_datasets
from resnet_viz.explain.explain_picture import ExplainRequest
from resnet_viz.explain.many.job import ManyConfig
from resnet_viz.explain.many.picture_sources import MOST_PICTURES, PictureSource
from resnet_viz.explain.measures import MEASURES
from resnet_viz.explain.method_names import MethodName
from resnet_viz.explain.methods import METHODS
from resnet_viz.jobs.queue.run import Run
from resnet_viz.pictures.decode import safe_name
from resnet_viz.records import Pair
from resnet_viz.ui.choose import own_runs
from resnet_viz.ui.choose.question import Question
from resnet_viz.ui.choose.uploads import kept_zip
from resnet_viz.ui.explain.many_results import show_results
from resnet_viz.ui.explain.wall_jobs import with_method
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import GALLERY_RUN
from resnet_viz.ui.running.run_panel import RunPanel, counted, show_run

_KIND = "explain_folder"
_FILES, _FOLDER, _DATA = "files", "folder", "data"
_MOST_MEGABYTES = 200  # of an upload


def show_gallery(
    question: Question, requests: Pair[ExplainRequest], titles: Pair[str], text: Text
) -> None:
    """Ask for pictures and methods, and show the selected run."""
    source, name = _ask_source(text)
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    chosen = left.multiselect(
        text("gallery.methods"),
        list(METHODS),
        [requests.first.method],
        format_func=lambda method: text(f"methods.{method}"),
        key="gallery_methods",
    )
    methods = [MethodName(name) for name in chosen]
    scored = right.toggle(text("gallery.measure"), value=True, key="gallery_scored")
    if st.button(
        text("gallery.start"), key="gallery_start", disabled=source is None or not methods
    ):
        assert source is not None
        config = ManyConfig(
            source=source,
            networks=(question.first, question.second),
            titles=tuple(titles),
            requests=tuple(_requests(request, methods, scored=scored) for request in requests),
            device=question.device,
        )
        try:
            GALLERY_RUN.set(own_runs.submit(_KIND, config, title=name, device=question.device))
        except ResnetVizError as error:
            show_error(error, text)
    _show_runs(text)


def _requests(
    request: ExplainRequest, methods: Sequence[MethodName], *, scored: bool
) -> tuple[ExplainRequest, ...]:
    measures = tuple(MEASURES) if scored else ()
    return tuple(replace(with_method(request, method), measures=measures) for method in methods)


def _ask_source(text: Text) -> tuple[PictureSource | None, str]:
    kind = st.segmented_control(
        text("gallery.source"),
        [_FILES, _FOLDER, _DATA],
        default=_FILES,
        format_func=lambda value: text(f"gallery.source_{value}"),
        key="gallery_source",
        required=True,
    )
    if kind == _DATA:
        left, right = st.columns(2)
        names = list(known_datasets())
        data = left.selectbox(
            text("gallery.data"), names, format_func=lambda n: text(f"train.data_{n}"),
            key="gallery_data",
        )  # fmt: skip
        count = right.number_input(
            text("gallery.count"), 1, MOST_PICTURES, 50, step=10, key="gallery_count"
        )
        chosen = data or names[0]
        if chosen == "cifar10" and is_excerpt():
            st.caption(text("cifar10.excerpt"))
        return PictureSource(chosen, int(count or 50)), text(f"train.data_{chosen}")
    uploads = st.file_uploader(
        text(f"gallery.upload_{kind}"),
        accept_multiple_files="directory" if kind == _FOLDER else True,
        max_upload_size=_MOST_MEGABYTES,
        key=f"gallery_{kind}",
        help=text("gallery.upload_help"),
    )
    if not uploads:
        return None, ""
    alone = len(uploads) == 1
    title = safe_name(uploads[0].name) if alone else text("gallery.uploaded", count=len(uploads))
    return PictureSource(str(kept_zip(uploads))), title


def _show_runs(text: Text) -> None:
    by_id = {run.id: run for run in own_runs.listed() if _of_page(run)}
    if not by_id:
        st.caption(text("gallery.empty"))
        return
    if GALLERY_RUN.get() not in by_id:
        GALLERY_RUN.set(next(iter(by_id)))
    shown = st.selectbox(
        text("gallery.run"),
        list(by_id),
        format_func=lambda run_id: f"{by_id[run_id].title} ({by_id[run_id].created:%m-%d %H:%M})",
        key=GALLERY_RUN.name,
    )
    run = by_id[shown]
    panel = RunPanel(
        "gallery",
        draw=lambda status: show_results(status, run, text),
        progress=counted(text),
        deletable=True,
    )
    show_run(run, panel, text)


def _of_page(run: Run) -> bool:
    """Return whether a run explains two networks; runs of the command line explain one."""
    return isinstance(run.config, ManyConfig) and len(run.config.networks) == 2
