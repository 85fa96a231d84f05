"""The result of an experiment: conclusion, plots, published numbers, downloads."""

from collections.abc import Callable, Mapping

import streamlit as st

from resnet_viz.core.saving import to_json
from resnet_viz.core.text import Text
from resnet_viz.experiments.finding_files import (
    caption,
    finding_document,
    finding_verdict,
    python_line,
)
from resnet_viz.experiments.literature import ComparedNumber, compared_numbers
from resnet_viz.experiments.registry import Experiment
from resnet_viz.experiments.remarks import published_label, remarks
from resnet_viz.figures.finding_panels import panel_figure, shared_scale, surface_figure
from resnet_viz.records import Finding, Mark, Panel, Recording
from resnet_viz.ui.frame.charts import chart
from resnet_viz.ui.frame.session import GUESS
from resnet_viz.ui.frame.words import duration, md_escape


def show_recording(row: Experiment, recording: Recording, text: Text) -> None:
    """Show a recorded finding with its origin."""
    versions = ", ".join(f"{name} {version}" for name, version in recording.versions.items())
    st.markdown(
        text(
            "experiments.recorded",
            date=recording.date[:10],
            device=md_escape(recording.device),
            threads=recording.threads,
            seed=recording.seed,
            time=duration(recording.seconds, text),
            versions=md_escape(versions),
        )
    )
    st.code(recording.command, language="bash", wrap_lines=True)
    show_finding(row, recording.finding, text, whole=True)


def show_finding(row: Experiment, finding: Finding, text: Text, *, whole: bool) -> None:
    """Show conclusion, plots, published numbers and downloads. ``whole``: it is complete."""
    if finding.progress == 1:
        _say(row, finding, text)
    _draw(row, finding, text)
    if whole:
        _explain(finding, text)
        _offer(finding, text)


def _say(row: Experiment, finding: Finding, text: Text) -> None:
    """Show the caption, whether the guess was right, and whether the source agrees."""
    st.markdown(f"**{md_escape(caption(finding, text))}**")
    guess = GUESS[row.name].get()
    if guess is not None and finding.answer is not None:
        answer = text(f"experiment.{row.name}.answer_{guess}")
        right = guess == finding.answer
        st.markdown(text("experiments.right") if right else text("experiments.wrong", guess=answer))
    agrees = finding.answer in {None, row.expected}
    (st.info if agrees else st.warning)(md_escape(finding_verdict(finding, text)))
    for sentence in remarks(finding, text):
        st.markdown(md_escape(sentence))


def _draw(row: Experiment, finding: Finding, text: Text) -> None:
    scale = shared_scale(finding.panels)
    drawn = [(panel, False) for panel in finding.panels]
    drawn += [(panel, True) for panel in finding.panels if panel.mark is Mark.SURFACE]
    for start in range(0, len(drawn), 2):
        pair = drawn[start : start + 2]
        for column, (panel, solid) in zip(st.columns(len(pair)), pair, strict=True):
            with column:
                _panel(row, panel, scale, solid, text)


def _panel(
    row: Experiment, panel: Panel, scale: tuple[float, float] | None, solid: bool, text: Text
) -> None:
    st.markdown(f"**{text(f'experiments.panels.{row.name}.{panel.name}')}**")
    draw = surface_figure if solid else panel_figure
    name = f"{panel.name}_surface" if solid else panel.name
    figure = draw(panel, text, scale=scale)
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
        text("experiments.column_measured"): (
            "–" if one.measured is None else f"{one.measured:.3g}"
        ),
        text("experiments.column_source"): md_escape(one.published.source),
    }


def _offer(finding: Finding, text: Text) -> None:
    """Show the downloads and the equivalent line of Python."""
    files: Mapping[str, Callable[[], str]] = {
        "json": lambda: to_json(finding_document(finding, text)),
        "csv": lambda: finding.to_frame().to_csv(index=False),
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
        f"from resnet_viz.experiments.registry import run_experiment\n\n{python_line(finding)}",
        language="python",
    )
