"""The comparison of two checkpoints, below their reports."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.figures.checkpoint_comparison_plots import (
    cka_figure,
    moved_figure,
    norms_figure,
)
from resnet_viz.records import CheckpointComparison, CheckpointReport, Severity
from resnet_viz.report.checkpoint_comparison_tables import answer_rows, finding_rows, summary
from resnet_viz.ui.frame.words import md_escape


def show_beside(
    reports: tuple[CheckpointReport, CheckpointReport],
    comparison: CheckpointComparison | None,
    text: Text,
) -> None:
    """Compare findings and norms; representations and answers where the networks allow it."""
    title = text("beside.title", first=reports[0].name, second=reports[1].name)
    st.subheader(md_escape(title), anchor=False)
    if comparison is not None:
        st.markdown(md_escape(summary(comparison, text)))
        for finding in comparison.findings:
            show = st.info if finding.severity is Severity.NOTE else st.warning
            show(md_escape(f"{finding.name(text)}: {finding.advice(text)}"))
    names = ["findings", "norms", *([] if comparison is None else ["cka", "answers"])]
    tabs = dict(zip(names, st.tabs([text(f"beside.tab_{n}") for n in names]), strict=True))
    with tabs["findings"]:
        st.dataframe(finding_rows(reports, text), hide_index=True, key="beside_findings")
    with tabs["norms"]:
        _plot(norms_figure(*reports, text), "beside_norms")
        if comparison is not None and comparison.moved:
            _plot(moved_figure(comparison, text), "beside_moved")
    if comparison is None:
        return
    with tabs["cka"]:
        st.caption(text("beside.cka_caption", count=comparison.count))
        _plot(cka_figure(comparison), "beside_cka")
    with tabs["answers"]:
        st.dataframe(answer_rows(comparison, text), hide_index=True, key="beside_answers")


def _plot(figure: object, key: str) -> None:
    st.plotly_chart(figure, key=key, config={"displayModeBar": False})
