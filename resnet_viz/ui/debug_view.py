"""The Debug page below its drop zone: verdict, facts, findings, and ways to take them away."""

import tempfile
from pathlib import Path, PurePath

import streamlit as st

from resnet_viz.diagnosis.worker import diagnose_apart
from resnet_viz.errors import ResnetVizError
from resnet_viz.figures.diagnosis import finding_figure
from resnet_viz.places import ASSETS
from resnet_viz.records import CheckFinding, CheckpointReport, Severity
from resnet_viz.report.diagnosis import (
    diagnosis_json,
    diagnosis_page,
    facts,
    heading,
    numbers,
    verdict,
)
from resnet_viz.text import Text
from resnet_viz.ui.checkpoint_choice import CheckpointId
from resnet_viz.ui.messages import show_error
from resnet_viz.ui.shell import store
from resnet_viz.ui.waiting import wait
from resnet_viz.ui.words import md_escape

_COLOURS = {Severity.FAIL: "red", Severity.WARN: "orange", Severity.NOTE: "blue"}
_REPORT_BYTES = 200_000  # about what a report takes in memory
_LAST_GOOD = "last_good_checkpoint"


def show(chosen: list[CheckpointId], text: Text) -> None:
    """One report, or two side by side."""
    if not chosen:
        st.info(text("debug.empty"))
        return
    places = [st.container()] if len(chosen) == 1 else st.columns(2)
    for number, (checkpoint, place) in enumerate(zip(chosen, places, strict=True)):
        with place:
            _show_one(checkpoint, number, text)


def _show_one(checkpoint: CheckpointId, number: int, text: Text) -> None:
    last = f"{_LAST_GOOD}_{number}"
    try:
        report = _report(checkpoint, text)
        st.session_state[last] = checkpoint
    except ResnetVizError as error:
        show_error(error, text)
        kept = st.session_state.get(last)
        found = None if kept is None else store().get(_key(kept))
        if not isinstance(found, CheckpointReport):
            return
        report = found
    _draw(report, number, text)


def _key(checkpoint: CheckpointId) -> tuple[str, ...]:
    return ("diagnosis", checkpoint.bundled, checkpoint.digest, checkpoint.network, checkpoint.name)


def _report(checkpoint: CheckpointId, text: Text) -> CheckpointReport:
    """From the store, or from a worker process; the file lives on disk only as long as it works."""
    upload = st.session_state.get(checkpoint.upload) if checkpoint.upload else None
    data = b"" if upload is None else upload.getbuffer()

    def make() -> CheckpointReport:
        if checkpoint.bundled:
            path = ASSETS / "checkpoints" / f"{checkpoint.bundled}.safetensors"
            return diagnose_apart(path, path.name)
        suffix = PurePath(checkpoint.name).suffix
        with tempfile.NamedTemporaryFile(suffix=suffix if suffix.isascii() else "") as file:
            file.write(data)
            file.flush()
            return diagnose_apart(Path(file.name), checkpoint.name, checkpoint.network)

    future = store().submit(_key(checkpoint), make, lambda _: _REPORT_BYTES)
    return wait(future, text("debug.working", name=md_escape(checkpoint.name)))


def _draw(report: CheckpointReport, number: int, text: Text) -> None:
    st.subheader(md_escape(verdict(report, text)), anchor=False)
    st.caption(md_escape(report.name))
    _downloads(report, number, text)
    with st.expander(text("debug.facts")):
        for name, value in facts(report, text):
            st.text(f"{name}: {value}")
    fine = [f for f in report.findings if f.severity is Severity.OK]
    for place, finding in enumerate(f for f in report.findings if f.severity is not Severity.OK):
        _finding(finding, report, f"{number}-{place}", text)
    with st.expander(text("debug.in_order", count=len(fine))):
        for finding in fine:
            st.markdown(f"**{md_escape(heading(finding, text))}**")
            st.caption(md_escape(numbers(finding, text)))


def _finding(finding: CheckFinding, report: CheckpointReport, key: str, text: Text) -> None:
    grade = text(f"severities.{finding.severity}")
    title = f":{_COLOURS[finding.severity]}[{grade}] {md_escape(heading(finding, text))}"
    with st.expander(title, expanded=finding.severity is Severity.FAIL and key.endswith("-0")):
        st.markdown(md_escape(finding.advice(text)))
        st.caption(md_escape(numbers(finding, text)))
        figure = finding_figure(finding, report, text)
        if figure is not None:
            st.plotly_chart(figure, key=f"finding-{key}", config={"displayModeBar": False})


def _downloads(report: CheckpointReport, number: int, text: Text) -> None:
    left, right = st.columns(2)
    stem = PurePath(report.name).stem
    left.download_button(
        text("debug.download_html"),
        lambda: diagnosis_page(report, text),
        file_name=f"{stem}.html",
        mime="text/html",
        key=f"html-{number}",
        on_click="ignore",
        width="stretch",
    )
    right.download_button(
        text("debug.download_json"),
        lambda: diagnosis_json(report, text),
        file_name=f"{stem}.json",
        mime="application/json",
        key=f"json-{number}",
        on_click="ignore",
        width="stretch",
    )
