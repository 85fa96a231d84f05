"""What a run over many pictures found: a table of pictures, a table of methods, and files."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.explain.many.picture_sources import PictureSource, open_source
from resnet_viz.explain.many.result_tables import document, gallery_zip, method_rows
from resnet_viz.jobs.queue import runs
from resnet_viz.records import Run, RunStatus
from resnet_viz.records.explanation import Better
from resnet_viz.ui.choose.picture_choice import use_picture
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import GALLERY_OPENED
from resnet_viz.ui.frame.words import class_label, md_escape

_ARROWS = {Better.LOW: "↓", Better.HIGH: "↑"}  # which way is better


def show_results(status: RunStatus, text: Text) -> None:
    """As far as the run has come; a click on a picture's row explains that picture above."""
    told = sorted(
        (event.body for event in status.events if event.key.startswith("picture/")),
        key=lambda one: one["number"],
    )
    if not told:
        return
    run = status.run
    pictures = [one for one in told if "skipped" not in one]
    if pictures:
        _pictures(pictures, run, text)
        _methods(pictures, run, text)
    _left_out(told, run, text)
    _take_away(told, run, text)


def _pictures(told: Sequence[Mapping[str, Any]], run: Run, text: Text) -> None:
    methods = list(dict.fromkeys(row["method"] for one in told for row in one["rows"]))
    method = methods[0]
    if len(methods) > 1:
        method = st.selectbox(
            text("gallery.scores_of"),
            methods,
            format_func=lambda name: text(f"methods.{name}"),
            key="gallery_scores_of",
        ) or methods[0]  # fmt: skip
    table = pd.DataFrame([_row(one, method, run.config["titles"], text) for one in told])
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
    if rows and rows[0] < len(told):
        number = told[rows[0]]["number"]
        if GALLERY_OPENED.get() != (run.id, number):
            GALLERY_OPENED.set((run.id, number))
            _open(run, number, text)


def _row(one: Mapping[str, Any], method: str, titles: Sequence[str], text: Text) -> dict[str, Any]:
    row: dict[str, Any] = {
        text("gallery.column_picture"): one["thumbnail"],
        text("gallery.column_name"): one["name"],
        text("gallery.column_class"): class_label(one["label"], text),
    }
    own = [r for r in one["rows"] if r["method"] == method and "refused" not in r]
    anything = {r["network"]: r for r in one["rows"] if "refused" not in r}
    for place, title in enumerate(titles):
        if place in anything:
            said = anything[place]
            row[text("gallery.column_says", network=title)] = class_label(said["prediction"], text)
            row[text("gallery.column_sure", network=title)] = said["probability"]
            right = said["right"]
            verdict = "" if right is None else text(f"gallery.{'right' if right else 'wrong'}")
            row[text("gallery.column_right", network=title)] = verdict
    for found in own:
        for score, value in found["scores"].items():
            arrow = _ARROWS[Better(found["better"][score])]
            row[f"{text(f'scores.{score}')} {arrow}, {titles[found['network']]}"] = value
    return row


def _open(run: Run, number: int, text: Text) -> None:
    """The picture of a row becomes the page's."""
    try:
        with open_source(PictureSource.from_dict(run.config["source"])) as entries:
            use_picture(entries[number - 1].read())
    except (ResnetVizError, IndexError) as error:
        if isinstance(error, ResnetVizError):
            show_error(error, text)
        return
    st.rerun()


def _methods(told: Sequence[Mapping[str, Any]], run: Run, text: Text) -> None:
    rows = [
        {
            text("explain.column_method"): text(f"methods.{row['method']}"),
            text("explain.column_network"): row["network"],
            text("gallery.column_count"): row["pictures"],
            **{text(f"scores.{name}"): value for name, value in row.items()
               if name not in ("method", "network", "pictures")},
        }
        for row in method_rows(told, run.config["titles"])
    ]  # fmt: skip
    st.markdown(f"**{text('gallery.methods_title')}**")
    st.dataframe(pd.DataFrame(rows).round(3), hide_index=True, key="gallery_means")


def _left_out(told: Sequence[Mapping[str, Any]], run: Run, text: Text) -> None:
    """Files that are no pictures, and methods that do not work with a network."""
    found = document(told, run.config, text)
    if found["skipped"]:
        reasons = [md_escape(one["reason"]) for one in found["skipped"]]
        st.warning(text("gallery.skipped", count=len(reasons)) + "  \n" + "  \n".join(reasons))
    for one in found["refused"]:
        st.warning(
            text(
                "explain.compare_refused",
                method=md_escape(text(f"methods.{one['method']}")),
                network=md_escape(one["network"]),
                reason=md_escape(one["reason"]),
            )
        )


def _take_away(told: Sequence[Mapping[str, Any]], run: Run, text: Text) -> None:
    left, right = st.columns(2)
    left.download_button(
        text("gallery.csv"),
        lambda: pd.DataFrame(document(told, run.config, text)["images"]).to_csv(index=False),
        file_name="explained.csv",
        mime="text/csv",
        on_click="ignore",
        key="gallery_csv",
    )
    right.download_button(
        text("gallery.zip"),
        lambda: gallery_zip(document(told, run.config, text), runs.folder(run.id)),
        file_name="explained.zip",
        mime="application/zip",
        on_click="ignore",
        help=text("gallery.zip_help"),
        key="gallery_zip",
    )
