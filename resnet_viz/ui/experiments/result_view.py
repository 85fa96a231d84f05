"""The result of an experiment: conclusion, plots, published numbers, downloads."""

from collections.abc import Callable, Mapping

import streamlit as st

from resnet_viz.core.number_format import readable
from resnet_viz.core.saving import to_json
from resnet_viz.core.tables import csv_text
from resnet_viz.core.text import Text
from resnet_viz.experiments.finding_files import caption, finding_document, python_line
from resnet_viz.experiments.literature import ComparedNumber, compared_numbers
from resnet_viz.experiments.registry import Experiment
from resnet_viz.experiments.remarks import published_label, remarks
from resnet_viz.experiments.verdict_sentences import (
    guess_sentence,
    lettered_answers,
    source_sentence,
    statistic_rows,
    verdict_sentence,
)
from resnet_viz.figures.finding_matrices import shared_scale, surface_figure
from resnet_viz.figures.finding_panels import panel_figure
from resnet_viz.records import Finding, GuessOutcome, Mark, Panel, Recording, Verdict
from resnet_viz.ui.frame.charts import chart
from resnet_viz.ui.frame.session import GUESS
from resnet_viz.ui.frame.words import duration, md_escape


def show_recording(row: Experiment, recording: Recording, text: Text) -> None:
    """Show a recorded finding, said to be recorded, and its origin at the end."""
    st.caption(text("experiments.recorded", date=recording.date[:10]))
    show_finding(row, recording.finding, text, whole=True)
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


def show_finding(row: Experiment, finding: Finding, text: Text, *, whole: bool) -> None:
    """Show conclusion, plots, published numbers and downloads. ``whole``: it is complete."""
    verdict = row.verdict(finding)
    if verdict is not None:
        _say(row, verdict, finding, text)
    _draw(row, finding, text)
    if verdict is not None:
        _decide(row, verdict, text)
    if whole:
        _explain(finding, text)
        _offer(finding, text)


_SHOWN_AS: Mapping[GuessOutcome, Callable[[str], object]] = {
    GuessOutcome.RIGHT: st.success,
    GuessOutcome.WRONG: st.warning,
    GuessOutcome.OPEN: st.info,
    GuessOutcome.UNSURE: st.info,
}


def _say(row: Experiment, verdict: Verdict, finding: Finding, text: Text) -> None:
    """Show whether the guess was right and why, whether the source agrees, and the numbers."""
    guess = GUESS[row.name].get()
    if guess is None:
        st.markdown(f"**{md_escape(verdict_sentence(row, verdict, text))}**")
    else:
        sentence = guess_sentence(row, verdict, guess, text)
        _SHOWN_AS[verdict.of(guess)](md_escape(sentence))
        if verdict.answer is not None:
            st.markdown(f"**{md_escape(source_sentence(row, verdict, text))}**")
    st.markdown(md_escape(caption(finding, text)))
    for sentence in remarks(finding, text):
        st.markdown(md_escape(sentence))


def _decide(row: Experiment, verdict: Verdict, text: Text) -> None:
    """Show the rule: every number with its spread, its bars, and the answers that fit."""
    with st.expander(text("experiments.decided_by")):
        st.caption(text("experiments.decided_by_help"))
        st.markdown("  \n".join(md_escape(one) for one in lettered_answers(row, text)))
        st.table([
            {head: md_escape(cell) for head, cell in cells.items()}
            for cells in statistic_rows(row, verdict, text)
        ])  # fmt: skip


def _draw(row: Experiment, finding: Finding, text: Text) -> None:
    """Show the first panel over the whole width, the others in two columns."""
    scale = shared_scale(finding.panels)
    behind = {panel.behind: panel for panel in finding.panels if panel.behind}
    drawn = [(panel, False) for panel in finding.panels if not panel.behind]
    drawn += [(panel, True) for panel in finding.panels if panel.mark is Mark.SURFACE]
    first = drawn[0][0]
    wide = 0 if first.matrix is not None else 1
    for panel, solid in drawn[:wide]:
        _panel(row, panel, behind.get(panel.name), scale, solid, text)
    for start in range(wide, len(drawn), 2):
        pair = drawn[start : start + 2]
        for column, (panel, solid) in zip(st.columns(len(pair)), pair, strict=True):
            with column:
                _panel(row, panel, behind.get(panel.name), scale, solid, text)
    if any(panel.mark is Mark.MAPS for panel in finding.panels):
        st.caption(text("experiments.maps_note"))


def _panel(
    row: Experiment,
    panel: Panel,
    behind: Panel | None,
    scale: tuple[float, float] | None,
    solid: bool,
    text: Text,
) -> None:
    st.markdown(f"**{text(f'experiments.panels.{row.name}.{panel.name}')}**")
    name = f"{panel.name}_surface" if solid else panel.name
    if behind is not None and not st.toggle(text("experiments.also_test"), key=f"behind_{name}"):
        behind = None
    if solid:
        figure = surface_figure(panel, text, scale=scale)
    else:
        figure = panel_figure(panel, text, scale=scale, behind=behind)
    chart(figure, key=f"panel_{name}", name=f"{row.name}-{name}")


def _explain(finding: Finding, text: Text) -> None:
    """Show the claim, what would refute it, and published numbers."""
    name = finding.experiment
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


def _offer(finding: Finding, text: Text) -> None:
    """Show the downloads and the equivalent line of Python."""
    files: Mapping[str, Callable[[], str]] = {
        "json": lambda: to_json(finding_document(finding, text)),
        "csv": lambda: csv_text(finding.to_frame()),
    }
    for column, (kind, make) in zip(st.columns(6), files.items(), strict=False):
        column.download_button(
            text(f"experiments.download_{kind}"),
            make,
            file_name=f"{finding.experiment}.{kind}",
            on_click="ignore",
            key=f"download_{kind}",
            width="stretch",
        )
    st.caption(text("experiments.png"))
    st.caption(text("experiments.code"))
    st.code(
        f"from resnet_viz import run_experiment\n\n{python_line(finding)}",
        language="python",
        wrap_lines=True,
    )
