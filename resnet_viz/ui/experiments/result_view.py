"""The result of an experiment: its picture, whether the guess was right, why, and the numbers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.experiments.finding_files import caption
from resnet_viz.experiments.registry import Experiment
from resnet_viz.experiments.remarks import remarks
from resnet_viz.experiments.verdict_sentences import guess_sentence, source_sentence
from resnet_viz.figures.finding_matrices import narrowed, shared_scale, surface_figure
from resnet_viz.figures.finding_panels import panel_figure
from resnet_viz.records import Finding, GuessOutcome, Mark, Panel, Recording, Verdict
from resnet_viz.ui.experiments.result_details import (
    show_claim,
    show_files,
    show_origin,
    show_rule,
)
from resnet_viz.ui.frame.charts import chart
from resnet_viz.ui.frame.words import md_escape

_LEADING_HEIGHT = 380  # pixels; with the question above it, all is seen on a laptop
_SHOWN_AS: Mapping[GuessOutcome, Callable[[str], object]] = {
    GuessOutcome.RIGHT: st.success,
    GuessOutcome.WRONG: st.warning,
    GuessOutcome.OPEN: st.info,
    GuessOutcome.UNSURE: st.info,
}


@dataclass(frozen=True)
class Asked:
    """An experiment and what was guessed."""

    row: Experiment
    guess: str


def show_recording(asked: Asked, recording: Recording, text: Text) -> None:
    """Show a recorded finding, said to be recorded, and how it was made at the end."""
    origin = text("experiments.recorded", date=recording.date[:10])
    show_finding(asked, recording.finding, text, origin=origin, whole=True)
    show_origin(recording, text)


def show_finding(
    asked: Asked, finding: Finding, text: Text, *, origin: str, whole: bool
) -> None:  # fmt: skip
    """Show the picture with the conclusion beside it, and below the rest.

    ``origin`` says where the finding comes from; ``whole``: it is complete.
    """
    verdict = asked.row.verdict(finding)
    picture, words = st.columns([2, 1])
    with picture.container(key="drawn"):
        _lead(asked.row, finding, text)
    with words:
        if verdict is not None:
            _say(asked, verdict, text)
        st.caption(origin)
        if verdict is not None:
            _tell_numbers(finding, text)
    _draw_rest(asked.row, finding, text)
    if verdict is not None:
        show_rule(asked.row, verdict, text)
    if whole:
        show_claim(finding, text)
        show_files(finding, text)


def _say(asked: Asked, verdict: Verdict, text: Text) -> None:
    """Show whether the guess was right and why, and whether the source agrees."""
    sentence = guess_sentence(asked.row, verdict, asked.guess, text)
    _SHOWN_AS[verdict.of(asked.guess)](md_escape(sentence))
    if verdict.answer is not None:
        st.markdown(md_escape(source_sentence(asked.row, verdict, text)))


def _tell_numbers(finding: Finding, text: Text) -> None:
    st.caption(md_escape(caption(finding, text)))
    for sentence in remarks(finding, text):
        st.caption(md_escape(sentence))


def _lead(row: Experiment, finding: Finding, text: Text) -> None:
    """Show what the result looks like: maps one below the other, matrices side by side."""
    panels = finding.leading
    if all(panel.mark is Mark.MAPS for panel in panels):
        for panel in panels:
            _panel(row, panel, finding, text)
        st.caption(text("experiments.maps_note"))
        return
    for column, panel in zip(st.columns(len(panels)), panels, strict=True):
        with column:
            _panel(row, panel, finding, text)


def _draw_rest(row: Experiment, finding: Finding, text: Text) -> None:
    """Show the other panels in two columns, and matrices over two distances as surfaces."""
    leading = finding.leading
    drawn = [(p, False) for p in finding.panels if not p.behind and p not in leading]
    drawn += [(panel, True) for panel in finding.panels if panel.mark is Mark.SURFACE]
    for start in range(0, len(drawn), 2):
        for column, (panel, solid) in zip(st.columns(2), drawn[start : start + 2], strict=False):
            with column:
                _panel(row, panel, finding, text, solid=solid)


def _panel(
    row: Experiment, panel: Panel, finding: Finding, text: Text, *, solid: bool = False
) -> None:  # fmt: skip
    st.markdown(f"**{text(f'experiments.panels.{row.name}.{panel.name}')}**")
    name = f"{panel.name}_surface" if solid else panel.name
    scale = shared_scale(finding.panels)
    if solid:
        figure = surface_figure(panel, text, scale=scale)
    else:
        behind = _laid_behind(panel, finding.panels, text)
        figure = panel_figure(panel, text, scale=scale, behind=behind)
    if panel in finding.leading and not solid:
        figure.update_layout(height=min(figure.layout.height, _LEADING_HEIGHT))
        if panel.matrix is not None:
            narrowed(figure, panel)
    chart(figure, key=f"panel_{name}", name=f"{row.name}-{name}")


def _laid_behind(panel: Panel, panels: Iterable[Panel], text: Text) -> Panel | None:
    """Return the panel that belongs behind this one, if its switch is on."""
    behind = next((one for one in panels if one.behind == panel.name), None)
    if behind is None:
        return None
    return behind if st.toggle(text("experiments.also_test"), key=f"behind_{panel.name}") else None
