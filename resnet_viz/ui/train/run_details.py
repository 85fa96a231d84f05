"""Below the curves: changes per layer, and results per class."""

import math
from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.figures.training_layers import counts_figure, layers_figure
from resnet_viz.figures.training_plots import Epochs, by_kind, measured_steps
from resnet_viz.jobs.codec import last_of, of_type
from resnet_viz.jobs.queue.run import Run
from resnet_viz.jobs.queue.runs import QueuedRun
from resnet_viz.records import DataShown, Epoch, TrainingResult, TrainingStep
from resnet_viz.ui.frame.session import RUN
from resnet_viz.ui.frame.words import class_label
from resnet_viz.ui.running.run_panel import Status
from resnet_viz.ui.running.waiting import follow

_EVERY = 5.0  # seconds between polls of an active run
_PLAIN = {"displayModeBar": False}


def show_details(trainings: list[Run], text: Text) -> None:
    """Show tabs about the selected run; nothing is read until they are opened."""
    run = next((run for run in trainings if run.id == RUN.get()), None)
    if run is None:
        return
    with st.expander(text("train.inside"), key="train_inside", on_change="rerun") as opened:
        if opened.open:
            follow(
                lambda: QueuedRun(run.id),
                lambda _, status: _details(status, text),
                patience=0,
                every=_EVERY,
            )


def _details(status: Status, text: Text) -> None:
    epochs = by_kind(of_type(status.records, Epoch))
    if not epochs:
        st.caption(text("train.sentence_none"))
        return
    views: dict[str, Callable[[Status, Epochs, Text], None]] = {
        "changes": _changes,
        "updates": _updates,
        "dead": _dead,
        "classes": _classes,
    }
    tabs = st.tabs([text(f"train.inside_{name}") for name in views])
    for tab, view in zip(tabs, views.values(), strict=True):
        with tab:
            view(status, epochs, text)


def _changes(status: Status, epochs: Epochs, text: Text) -> None:
    last = {kind: rows[-1].weight_changes for kind, rows in epochs.items()}
    parts = []
    for kind, changes in last.items():
        most = max(changes, key=changes.__getitem__)
        values = {
            "kind": text(f"roles.{kind}"),
            "layer": most,
            "change": readable(changes[most], 2),
        }
        parts.append(text("train.moved_most", **values))
    st.caption(text("train.changes_note", parts=" ".join(parts)))
    st.plotly_chart(layers_figure(last, "change", text), key="train_changes", config=_PLAIN)


def _updates(status: Status, epochs: Epochs, text: Text) -> None:
    st.caption(text("train.updates_note"))
    figure = measured_steps(by_kind(of_type(status.records, TrainingStep)), "update_ratios", text)
    st.plotly_chart(figure, key="train_updates", config=_PLAIN)


def _dead(status: Status, epochs: Epochs, text: Text) -> None:
    last = {kind: rows[-1].dead_channels for kind, rows in epochs.items()}
    st.caption(text("train.dead_note"))
    st.plotly_chart(layers_figure(last, "dead", text), key="train_dead", config=_PLAIN)


def _classes(status: Status, epochs: Epochs, text: Text) -> None:
    data = last_of(status.records, DataShown)
    if data is None:
        return
    names = [class_label(name, text) for name in data.classes]
    table: dict[str, Sequence[object]] = {text("train.column_class"): names}
    for kind, rows in epochs.items():
        label = text("train.column_recall", kind=text(f"roles.{kind}"))
        table[label] = [round(100 * share, 1) for share in rows[-1].recall]
    st.dataframe(pd.DataFrame(table), hide_index=True, key="train_recall")
    results = of_type(status.records, TrainingResult)
    if not results:
        st.caption(text("train.confusion_later"))
        return
    for column, result in zip(st.columns(2), results, strict=False):
        column.markdown(
            text(
                "train.result",
                kind=text(f"roles.{result.kind}"),
                error=f"{100 * result.error:.2f}",
                top5=f"{100 * result.top5_error:.2f}",
                recall=f"{100 * _mean(result.recall):.1f}",
                precision=f"{100 * _mean(result.precision):.1f}",
            )
        )
        figure = counts_figure(result.confusion.tolist(), names, text)
        if figure is not None:
            column.plotly_chart(figure, key=f"train_confusion_{result.kind}", config=_PLAIN)


def _mean(shares: Sequence[float]) -> float:
    """Return the mean over the classes that have a value (macro average)."""
    there = [share for share in shares if not math.isnan(share)]
    return sum(there) / max(1, len(there))
