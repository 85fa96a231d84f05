"""Results of a run over many pictures: tables of pictures and methods, and downloads."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.tables import csv_text
from resnet_viz.core.text import Text
from resnet_viz.explain.many.job import ManyConfig
from resnet_viz.explain.many.one_picture import PictureAt, PngPicture, picture_job
from resnet_viz.explain.many.result_tables import (
    document,
    gallery_zip,
    method_rows,
    picture_rows,
    refusals,
    skipped,
)
from resnet_viz.jobs.codec import of_type
from resnet_viz.jobs.job import Job
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.queue.run import Run
from resnet_viz.jobs.sandbox import BRIEF, Sandbox
from resnet_viz.pictures.decode import open_picture, safe_name
from resnet_viz.records.faithfulness_scores import Better
from resnet_viz.records.many_pictures import PictureResult
from resnet_viz.ui.choose.picture_choice import use_picture
from resnet_viz.ui.frame.engines import results
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import GALLERY_OPENED
from resnet_viz.ui.frame.words import class_label, md_escape
from resnet_viz.ui.running.run_panel import Status
from resnet_viz.ui.running.waiting import wait

_ARROWS = {Better.LOW: "↓", Better.HIGH: "↑"}  # which way is better


def show_results(status: Status, run: Run, text: Text) -> None:
    """Show the results so far; a click on a row opens that picture above."""
    config = run.config
    if not isinstance(config, ManyConfig):
        return
    results = sorted(of_type(status.records, PictureResult), key=lambda one: one.number)
    if not results:
        return
    pictures = [one for one in results if one.skipped is None]
    if pictures:
        _pictures(pictures, run, config, text)
        _methods(pictures, config, text)
    _left_out(results, config, text)
    _take_away(results, run, config, text)


def _pictures(pictures: Sequence[PictureResult], run: Run, config: ManyConfig, text: Text) -> None:
    method = config.methods[0]
    if len(config.methods) > 1:
        method = st.selectbox(
            text("gallery.scores_of"),
            config.methods,
            format_func=lambda name: text(f"methods.{name}"),
            key="gallery_scores_of",
        ) or config.methods[0]  # fmt: skip
    table = pd.DataFrame([_row(one, method, config.titles, text) for one in pictures])
    chosen = st.dataframe(
        table.round(3),
        hide_index=True,
        key="gallery_table",
        column_config={text("gallery.column_picture"): st.column_config.ImageColumn(width="small")},
        on_select="rerun",
        selection_mode="single-row",
    )
    st.caption(text("gallery.table_caption", method=text(f"methods.{method}")))
    rows = chosen["selection"]["rows"]
    if rows and rows[0] < len(pictures):
        number = pictures[rows[0]].number
        if GALLERY_OPENED.get() != (run.id, number):
            GALLERY_OPENED.set((run.id, number))
            _open(config, number, text)


def _row(
    picture: PictureResult, method: str, titles: Sequence[str], text: Text
) -> dict[str, object]:
    row: dict[str, object] = {
        text("gallery.column_picture"): picture.thumbnail,
        text("gallery.column_name"): picture.name,
        text("gallery.column_class"): class_label(picture.label, text),
    }
    by_network = {one.network: one for one in picture.rows}
    for place, title in enumerate(titles):
        if place in by_network:
            said = by_network[place]
            verdict = "" if said.right is None else "right" if said.right else "wrong"
            row[text("gallery.column_says", network=title)] = class_label(said.prediction, text)
            row[text("gallery.column_sure", network=title)] = said.probability
            row[text("gallery.column_right", network=title)] = (
                text(f"gallery.{verdict}") if verdict else ""
            )
    for one in picture.rows:
        if one.method == method:
            for score, value in one.scores.items():
                arrow = _ARROWS[one.better[score]]
                row[f"{text(f'scores.{score}')} {arrow}, {titles[one.network]}"] = value
    return row


def _open(config: ManyConfig, number: int, text: Text) -> None:
    """Make the picture of a row the page's picture; an uploaded set is read in the sandbox."""
    source = config.source
    sandbox = Sandbox("picture", safe_name(Path(source.place).name), BRIEF)
    uploaded = Path(source.place).exists()

    def records() -> Iterator[PngPicture]:
        yield from (sandbox.records if uploaded else picture_job)(PictureAt(source, number))

    job = Job(
        ("picture_at", source, number), records, cancel=sandbox.kill, size=lambda one: len(one.png)
    )
    try:
        found = wait(results().start(job), text("gallery.opening"))
        use_picture(open_picture(found.png, found.name))
    except ResnetVizError as error:
        show_error(error, text)
        return
    st.rerun()


def _methods(pictures: Sequence[PictureResult], config: ManyConfig, text: Text) -> None:
    rows = [
        {
            text("explain.column_method"): text(f"methods.{row['method']}"),
            text("explain.column_network"): row["network"],
            text("gallery.column_count"): row["pictures"],
            **{text(f"scores.{name}"): value for name, value in row.items()
               if name not in ("method", "network", "pictures")},
        }
        for row in method_rows(pictures, config.titles)
    ]  # fmt: skip
    st.markdown(f"**{text('gallery.methods_title')}**")
    st.dataframe(pd.DataFrame(rows).round(3), hide_index=True, key="gallery_means")


def _left_out(results: Sequence[PictureResult], config: ManyConfig, text: Text) -> None:
    """List files that are not pictures, and methods that do not fit a network."""
    reasons = [md_escape(one["reason"]) for one in skipped(results, text)]
    if reasons:
        st.warning(text("gallery.skipped", count=len(reasons)) + "  \n" + "  \n".join(reasons))
    for one in refusals(results, config.titles, text):
        st.warning(
            text(
                "explain.compare_refused",
                method=md_escape(text(f"methods.{one['method']}")),
                network=md_escape(one["network"]),
                reason=md_escape(one["reason"]),
            )
        )


def _take_away(results: Sequence[PictureResult], run: Run, config: ManyConfig, text: Text) -> None:
    left, right = st.columns(2)
    left.download_button(
        text("gallery.csv"),
        lambda: csv_text(pd.DataFrame(picture_rows(results, config.titles))),
        file_name="explained.csv",
        mime="text/csv",
        on_click="ignore",
        key="gallery_csv",
    )
    right.download_button(
        text("gallery.zip"),
        lambda: gallery_zip(document(results, config, text), runs.folder(run.id)),
        file_name="explained.zip",
        mime="application/zip",
        on_click="ignore",
        help=text("gallery.zip_help"),
        key="gallery_zip",
    )
