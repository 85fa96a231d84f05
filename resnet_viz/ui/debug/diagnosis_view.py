"""One diagnosis: verdict, facts, findings, labelled images, downloads."""

from dataclasses import dataclass
from pathlib import Path, PurePath

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.figures.diagnosis_plots import finding_figure
from resnet_viz.records import CheckFinding, CheckpointReport, Severity
from resnet_viz.report.diagnosis_report import (
    consequence,
    diagnosis_json,
    diagnosis_page,
    facts,
    heading,
    numbers,
    verdict,
)
from resnet_viz.spec.plan import selectable_layer
from resnet_viz.ui.choose.openings import open_checkpoint
from resnet_viz.ui.debug.code_panel import show_code
from resnet_viz.ui.debug.labelled_panel import show_labelled
from resnet_viz.ui.frame.words import md_escape

_COLOURS = {Severity.FAIL: "red", Severity.WARN: "orange", Severity.NOTE: "blue"}


_MOST_CONSEQUENCES = 8  # listed below their cause; the report has all


@dataclass(frozen=True)
class Place:
    """The position of a report on the page, and the file that it describes.

    ``offered`` collects the links already shown, so that each layer of a file gets one.
    """

    path: Path
    number: int
    offered: set[tuple[Path, str]]


def show_verdict(report: CheckpointReport, text: Text) -> None:
    """Show what the checkpoint is, in one line, and its name."""
    st.subheader(md_escape(verdict(report, text)), anchor=False)
    st.caption(md_escape(report.name))


def draw_report(report: CheckpointReport, place: Place, text: Text) -> None:
    """Show the findings, first causes first, ways on to other pages, facts, code and downloads."""
    number = place.number
    fine = [f for f in report.findings if f.severity is Severity.OK]
    for rank, finding in enumerate(f for f in report.findings if f.severity is not Severity.OK):
        _finding(finding, report, place, rank, text)
    if report.identified.kind and report.identified.spec and place.path.is_file():
        _ways_on(None, report, place, text)
    if report.labelled is not None:
        show_labelled(report.labelled, number, text)
    with st.expander(text("debug.facts")):
        for name, value in facts(report, text):
            st.text(f"{name}: {value}")
    show_code(report, number, text)
    _downloads(report, number, text)
    with st.expander(text("debug.in_order", count=len(fine))):
        for finding in fine:
            st.markdown(f"**{md_escape(heading(finding, text))}**")
            st.caption(md_escape(numbers(finding, text)))


def _finding(
    finding: CheckFinding, report: CheckpointReport, place: Place, rank: int, text: Text
) -> None:
    grade = text(f"severities.{finding.severity}")
    title = f":{_COLOURS[finding.severity]}[{grade}] {md_escape(heading(finding, text))}"
    with st.expander(title, expanded=finding.severity is Severity.FAIL and rank == 0):
        st.markdown(md_escape(finding.advice(text)))
        st.caption(md_escape(numbers(finding, text)))
        _consequences(finding, text)
        figure = finding_figure(finding, report, text)
        if figure is not None:
            st.plotly_chart(
                figure, key=f"finding-{place.number}-{rank}", config={"displayModeBar": False}
            )
        if (
            finding.layer
            and report.identified.kind
            and report.identified.spec
            and place.path.is_file()
        ):
            _ways_on(finding.layer, report, place, text)


def _consequences(finding: CheckFinding, text: Text) -> None:
    """List what follows from a finding; its own advice mends that too."""
    if not finding.consequences:
        return
    shown = finding.consequences[:_MOST_CONSEQUENCES]
    lines = [f"- {md_escape(consequence(each, text))}" for each in shown]
    if len(shown) < len(finding.consequences):
        lines.append(f"- {text('debug.more', count=len(finding.consequences) - len(shown))}")
    title = text("diagnosis.follows", count=len(finding.consequences))
    st.markdown("\n".join([f"**{title}**", "", *lines]))


def _ways_on(layer: str | None, report: CheckpointReport, place: Place, text: Text) -> None:
    """Show buttons that open the network on other pages, at this layer or where they begin."""
    spec = report.identified.spec
    assert spec is not None  # asked for above
    layer = None if layer is None else selectable_layer(spec, layer)
    if (place.path, layer or "") in place.offered:
        return
    place.offered.add((place.path, layer or ""))
    names = report.identified.class_names
    for page, column in zip(("compare", "explain"), st.columns(2), strict=True):
        with column:
            open_checkpoint(page, place.path, spec, report.name, layer, text, names)


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
