"""The table of runs: select, compare, rename, export, delete."""

from collections import Counter

import pandas as pd
import streamlit as st

from resnet_viz.core.errors import RunError
from resnet_viz.core.text import Text
from resnet_viz.figures.training_plots import Epochs, RunCurve, by_kind, runs_figure
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.queue.run import Run
from resnet_viz.records import Epoch
from resnet_viz.training.run_files import export_zip
from resnet_viz.ui.choose.openings import run_address
from resnet_viz.ui.choose.own_runs import act, listed, may_change
from resnet_viz.ui.choose.trained_run import TrainedRun, trained_run
from resnet_viz.ui.frame.session import RUN


def training_runs() -> list[Run]:
    """Return every training of this machine, newest first."""
    return [run for run in listed() if run.kind == "train"]


def show_runs(trainings: list[Run], text: Text) -> None:
    """Show the table and the actions on the selected run."""
    st.subheader(text("train.runs"), anchor=False)
    if not trainings:
        st.caption(text("train.runs_empty"))
        return
    table = pd.DataFrame([_row(run, text) for run in trainings])
    st.caption(text("train.overlay"))
    ticked = st.dataframe(
        table, hide_index=True, key="train_table", on_select="rerun", selection_mode="multi-row"
    )
    _overlaid([trainings[place] for place in ticked.selection.rows if place < len(trainings)], text)
    shown = next((run for run in trainings if run.id == RUN.get()), None)
    if shown is not None:
        _actions(shown, text)


def _overlaid(ticked: list[Run], text: Text) -> None:
    """Plot the curves of all ticked runs together; plain networks are dashed."""
    titles = Counter(run.title for run in ticked)
    curves = [
        RunCurve(
            _title(run, alone=titles[run.title] == 1),
            kind,
            *[
                [getattr(row, name) for row in rows]
                for name in ("epoch", "test_error", "train_error")
            ],
        )
        for run in ticked
        for kind, rows in _epochs(run).items()
    ]
    if curves:
        st.caption(text("train.overlay_title"))
        st.plotly_chart(runs_figure(curves, text), key="train_overlay")


def _title(run: Run, *, alone: bool) -> str:
    return run.title if alone else f"{run.title} ({run.created:%m-%d %H:%M:%S})"


def _epochs(run: Run) -> Epochs:
    try:
        return by_kind(runs.events(run.id, Epoch))
    except RunError:  # deleted in another tab this instant
        return {}


def _row(run: Run, text: Text) -> dict[str, object]:
    epochs = _epochs(run)
    row: dict[str, object] = {
        text("train.column_title"): run.title,
        text("train.column_state"): text(f"train.state_short_{run.state}"),
    }
    for kind in ("residual", "plain"):
        own = epochs.get(kind)
        label = text("train.column_error", kind=text(f"roles.{kind}"))
        row[label] = round(100 * own[-1].test_error, 2) if own else None
    row[text("train.column_created")] = run.created
    return row


def _actions(run: Run, text: Text) -> None:
    title, rename, take, remove = st.columns([4, 1, 1, 1], vertical_alignment="bottom")
    own = may_change(run)  # a run that somebody shares can be taken away, and nothing else
    if own:
        new = title.text_input(text("train.rename_to"), run.title, key=f"train_title_{run.id}",
                               max_chars=120)  # fmt: skip
        rename.button(text("train.rename"), key="train_rename", on_click=act,
                      args=(text, runs.rename, run.id, new))  # fmt: skip
    folder = runs.folder(run.id)
    if list(folder.glob("[!.s]*.safetensors")):
        take.download_button(
            text("train.export"),
            lambda: export_zip(folder),
            file_name=f"{run.id}.zip",
            mime="application/zip",
            key="train_export",
        )
    if (trained := trained_run(run)) is not None:
        with st.container(horizontal=True):
            _open_elsewhere(trained, text)
    if own:
        remove.button(
            text("train.delete"),
            key="train_delete",
            on_click=act,
            args=(text, runs.delete, run.id),
            disabled=run.state in (JobState.RUNNING, JobState.STOPPING),
            help=text("train.delete_help"),
        )


def _open_elsewhere(trained: TrainedRun, text: Text) -> None:
    """Show links to the pages that can open its networks."""
    here = {"lang": text.language}
    network = {"network": run_address(trained), **here}
    places = {
        "openings.compare": ("app.py", network),
        "openings.explain": ("pages/2_Explain.py", network),
        "train.debug": ("pages/6_Debug.py", {RUN.name: trained.id, **here}),
    }
    for name, (script, address) in places.items():
        st.page_link(script, label=text(name), query_params=address)
