"""One diagnosis on the page: verdict, facts, findings, labelled images, downloads."""

from pathlib import PurePath

import streamlit as st

from resnet_viz.figures.diagnosis import finding_figure
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
from resnet_viz.ui.labelled_view import show_labelled
from resnet_viz.ui.words import md_escape

_COLOURS = {Severity.FAIL: "red", Severity.WARN: "orange", Severity.NOTE: "blue"}


def draw_report(report: CheckpointReport, number: int, text: Text) -> None:
    """The whole report; ``number`` tells two on one page apart."""
    st.subheader(md_escape(verdict(report, text)), anchor=False)
    st.caption(md_escape(report.name))
    _downloads(report, number, text)
    with st.expander(text("debug.facts")):
        for name, value in facts(report, text):
            st.text(f"{name}: {value}")
    if report.labelled is not None:
        show_labelled(report.labelled, number, text)
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
