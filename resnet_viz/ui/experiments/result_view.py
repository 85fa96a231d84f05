"""What an experiment found: its sentence, its plots, what others published, and ways to take it."""

from collections.abc import Callable, Mapping

import streamlit as st

from resnet_viz.core.saving import to_json
from resnet_viz.core.text import Text
from resnet_viz.experiments.finding_files import (
    caption,
    finding_verdict,
    python_line,
    whole_finding,
)
from resnet_viz.experiments.literature import ComparedNumber, compared_numbers
from resnet_viz.experiments.registry import Experiment
from resnet_viz.experiments.remarks import published_words, remarks
from resnet_viz.figures.finding_panels import panel_figure, shared_scale, surface_figure
from resnet_viz.records import Finding, Mark, Panel, Recording
from resnet_viz.ui.frame.charts import chart
from resnet_viz.ui.frame.session import GUESS
from resnet_viz.ui.frame.words import duration, md_escape


def show_recording(row: Experiment, kept: Recording, text: Text) -> None:
    """A finding that was kept, with where it comes from."""
    versions = ", ".join(f"{name} {version}" for name, version in kept.versions.items())
    st.markdown(
        text(
            "experiments.recorded",
            date=kept.date[:10],
            device=md_escape(kept.device),
            threads=kept.threads,
            seed=kept.seed,
            time=duration(kept.seconds, text),
            versions=md_escape(versions),
        )
    )
    st.code(kept.command, language="bash", wrap_lines=True)
    show_finding(row, kept.finding, text, whole=True)


def show_finding(row: Experiment, found: Finding, text: Text, *, whole: bool) -> None:
    """Sentence, plots, published figures and files; ``whole``: nothing more will come."""
    if found.progress == 1:
        _say(row, found, text)
    _draw(row, found, text)
    if whole:
        _explain(found, text)
        _offer(found, text)


def _say(row: Experiment, found: Finding, text: Text) -> None:
    """The caption, the guess, and whether the source found the same."""
    st.markdown(f"**{md_escape(caption(found, text))}**")
    guess = GUESS[row.name].get()
    if guess is not None and found.answer is not None:
        answer = text(f"experiment.{row.name}.answer_{guess}")
        right = guess == found.answer
        st.markdown(text("experiments.right") if right else text("experiments.wrong", guess=answer))
    agrees = found.answer in {None, row.expected}
    (st.info if agrees else st.warning)(md_escape(finding_verdict(found, text)))
    for sentence in remarks(found, text):
        st.markdown(md_escape(sentence))


def _draw(row: Experiment, found: Finding, text: Text) -> None:
    scale = shared_scale(found.panels)
    drawn = [(panel, False) for panel in found.panels]
    drawn += [(panel, True) for panel in found.panels if panel.mark is Mark.SURFACE]
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


def _explain(found: Finding, text: Text) -> None:
    """The claim, what would refute it, and the figures that others published."""
    name = found.experiment
    st.markdown(f"**{text('experiments.claim')}.** {text(f'experiment.{name}.claim')}")
    st.markdown(f"**{text('experiments.refute')}.** {text(f'experiment.{name}.refute')}")
    rows = list(compared_numbers(found))
    st.markdown(f"**{text('experiments.published')}**")
    if rows:
        st.table([_row(one, name, text) for one in rows])
    else:
        st.caption(text("experiments.no_figure"))


def _row(one: ComparedNumber, experiment: str, text: Text) -> dict[str, str]:
    return {
        text("experiments.column_what"): published_words(experiment, one.published, text),
        text("experiments.column_published"): one.published.value,
        text("experiments.column_measured"): (
            "–" if one.measured is None else f"{one.measured:.3g}"
        ),
        text("experiments.column_source"): md_escape(one.published.source),
    }


def _offer(found: Finding, text: Text) -> None:
    """Files, and the line of Python."""
    files: Mapping[str, Callable[[], str]] = {
        "json": lambda: to_json(whole_finding(found, text)),
        "csv": lambda: found.to_frame().to_csv(index=False),
    }
    for column, (kind, make) in zip(st.columns(6), files.items(), strict=False):
        column.download_button(
            text(f"experiments.download_{kind}"),
            make,
            file_name=f"{found.experiment}.{kind}",
            on_click="ignore",
            key=f"download_{kind}",
            width="stretch",
        )
    st.caption(text("experiments.png"))
    st.caption(text("experiments.code"))
    st.code(
        f"from resnet_viz.experiments.registry import run_experiment\n\n{python_line(found)}",
        language="python",
    )
