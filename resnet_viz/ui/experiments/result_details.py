"""What is folded below a result: its rule, claim and published figures, files, and origin."""

from collections.abc import Callable, Mapping

import streamlit as st

from resnet_viz.core.number_format import readable
from resnet_viz.core.saving import to_json
from resnet_viz.core.tables import csv_text
from resnet_viz.core.text import Text
from resnet_viz.experiments.finding_files import finding_document, python_line
from resnet_viz.experiments.literature import ComparedNumber, compared_numbers
from resnet_viz.experiments.registry import Experiment
from resnet_viz.experiments.remarks import published_label
from resnet_viz.experiments.verdict_sentences import lettered_answers, statistic_rows
from resnet_viz.records import Finding, Recording, Verdict
from resnet_viz.ui.frame.words import duration, md_escape


def show_rule(row: Experiment, verdict: Verdict, text: Text) -> None:
    """Show the rule: every number with its spread, its bars, and the answers that fit."""
    with st.expander(text("experiments.decided_by")):
        st.caption(text("experiments.decided_by_help"))
        st.markdown("  \n".join(md_escape(one) for one in lettered_answers(row, text)))
        st.table([
            {head: md_escape(cell) for head, cell in cells.items()}
            for cells in statistic_rows(row, verdict, text)
        ])  # fmt: skip


def show_claim(finding: Finding, text: Text) -> None:
    """Show the claim, what would refute it, and published numbers."""
    name = finding.experiment
    with st.expander(text("experiments.claim_and_published")):
        st.markdown(f"**{text('experiments.claim')}.** {text(f'experiment.{name}.claim')}")
        st.markdown(f"**{text('experiments.refute')}.** {text(f'experiment.{name}.refute')}")
        rows = list(compared_numbers(finding))
        st.markdown(f"**{text('experiments.published')}**")
        if rows:
            st.table([_row(one, name, text) for one in rows])
        else:
            st.caption(text("experiments.no_figure"))


def _row(one: ComparedNumber, experiment: str, text: Text) -> dict[str, str]:
    return {
        text("experiments.column_what"): published_label(experiment, one.published, text),
        text("experiments.column_published"): one.published.value,
        text("experiments.column_measured"): readable(one.measured),
        text("experiments.column_source"): md_escape(one.published.source),
    }


def show_files(finding: Finding, text: Text) -> None:
    """Show the downloads and the equivalent line of Python."""
    files: Mapping[str, Callable[[], str]] = {
        "json": lambda: to_json(finding_document(finding, text)),
        "csv": lambda: csv_text(finding.to_frame()),
    }
    with st.expander(text("experiments.files")):
        with st.container(horizontal=True):
            for kind, make in files.items():
                st.download_button(
                    text(f"experiments.download_{kind}"),
                    make,
                    file_name=f"{finding.experiment}.{kind}",
                    on_click="ignore",
                    key=f"download_{kind}",
                )
        st.caption(text("experiments.png"))
        st.caption(text("experiments.code"))
        st.code(
            f"from resnet_viz import run_experiment\n\n{python_line(finding)}",
            language="python",
            wrap_lines=True,
        )


def show_origin(recording: Recording, text: Text) -> None:
    """Show when and how a recording was made, and the command that repeats it."""
    versions = ", ".join(f"{name} {version}" for name, version in recording.versions.items())
    with st.expander(text("experiments.provenance")):
        st.markdown(
            text(
                "experiments.recorded_details",
                date=recording.date[:10],
                device=md_escape(recording.device),
                threads=recording.threads,
                seed=recording.seed,
                time=duration(recording.seconds, text),
                versions=md_escape(versions),
            )
        )
        st.code(recording.command, language="bash", wrap_lines=True)
