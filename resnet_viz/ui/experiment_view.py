"""One experiment: its question, a guess, and then what was measured."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import streamlit as st

from resnet_viz.errors import ResnetVizError
from resnet_viz.experiments.registry import Experiment
from resnet_viz.experiments.saved import caption, python_line, verdict, whole
from resnet_viz.figures.findings import panel_figure, shared_scale
from resnet_viz.records import Finding
from resnet_viz.saving import to_json
from resnet_viz.text import Text
from resnet_viz.ui.live import Live, live
from resnet_viz.ui.messages import show_error
from resnet_viz.ui.words import md_escape

_EVERY = 0.7  # seconds between looks at an experiment that goes on
_PATIENCE = 0.4  # seconds before the first look


def show_experiment(row: Experiment, text: Text) -> None:
    """Question and guess; after the guess the finding, as it grows."""
    st.subheader(text(f"experiment.{row.name}.title"), anchor=False)
    st.markdown(text(f"experiment.{row.name}.question"))
    st.radio(
        text("experiments.question"),
        row.answers,
        index=None,
        key=f"guess_{row.name}",
        format_func=lambda answer: text(f"experiment.{row.name}.answer_{answer}"),
        horizontal=True,
    )
    config = _ask_settings(row, text)
    if config is None:
        return
    key = (row.name, config)
    if st.button(text("experiments.reveal"), key="reveal", type="primary"):
        st.session_state["revealed"] = key
    if st.session_state.get("revealed") != key:
        return
    running = _measuring(row, config)
    running.wait(_PATIENCE)
    going = not running.done
    st.fragment(_finding, run_every=_EVERY if going else None)(row, config, going, text)


def _measuring(row: Experiment, config: Any) -> Live[Finding]:  # noqa: ANN401  # its own settings
    return live().get((row.name, config), lambda: row.run(config), keep=1)


def _ask_settings(row: Experiment, text: Text) -> Any:  # noqa: ANN401  # the experiment's own
    with st.expander(text("experiments.settings")):
        small = st.toggle(
            text("experiments.small"), key=f"small_{row.name}", help=text("experiments.small_help")
        )
        st.caption(text("experiments.settings_help"))
        start = row.settings(small=small)
        given: dict[str, str] = {}
        columns = st.columns(4)
        for place, field in enumerate(fields(start)):
            value = _written(getattr(start, field.name))
            given[field.name] = columns[place % 4].text_input(
                field.name, value, key=f"set_{row.name}_{small}_{field.name}", max_chars=80
            )
    try:
        return row.settings(given)
    except ResnetVizError as error:
        show_error(error, text)
        return None


def _written(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _finding(row: Experiment, config: Any, going: bool, text: Text) -> None:  # noqa: ANN401
    running = _measuring(row, config)
    if going and running.done:
        st.rerun()  # once more, without the timer
    if running.error is not None:
        show_error(running.error, text)
    found = running.records[-1] if running.records else None
    percent = round(100 * found.progress) if found is not None else 0
    if not running.done:
        left, right = st.columns([4, 1])
        left.progress(percent / 100, text=text("experiments.working", percent=percent))
        right.button(text("experiments.stop"), key="experiment_stop", on_click=running.stop)
    elif running.stopped:
        st.caption(text("experiments.stopped", percent=percent))
    if found is not None:
        if found.progress == 1:
            _say(row, found, text)
        _draw(row, found, text)
        if running.done:
            _offer(found, text)


def _say(row: Experiment, found: Finding, text: Text) -> None:
    """The caption, the guess, and whether the source found the same."""
    st.markdown(f"**{md_escape(caption(found, text))}**")
    guess = st.session_state.get(f"guess_{row.name}")
    if guess is not None and found.answer is not None:
        answer = text(f"experiment.{row.name}.answer_{guess}")
        right = guess == found.answer
        st.markdown(text("experiments.right") if right else text("experiments.wrong", guess=answer))
    agrees = found.answer in {None, row.expected}
    (st.info if agrees else st.warning)(md_escape(verdict(found, text)))


def _draw(row: Experiment, found: Finding, text: Text) -> None:
    scale = shared_scale(found.panels)
    for start in range(0, len(found.panels), 2):
        pair = found.panels[start : start + 2]
        for column, panel in zip(st.columns(len(pair)), pair, strict=True):
            column.markdown(f"**{text(f'experiments.panels.{row.name}.{panel.name}')}**")
            column.plotly_chart(
                panel_figure(panel, text, scale=scale),
                key=f"panel_{panel.name}",
                config={"displayModeBar": False},
            )


def _offer(found: Finding, text: Text) -> None:
    """Claim, refutation, files, and the line of Python."""
    name = found.experiment
    st.markdown(f"**{text('experiments.claim')}.** {text(f'experiment.{name}.claim')}")
    st.markdown(f"**{text('experiments.refute')}.** {text(f'experiment.{name}.refute')}")
    files: Mapping[str, Any] = {
        "json": lambda: to_json(whole(found, text)),
        "csv": lambda: found.to_frame().to_csv(index=False),
    }
    for column, (kind, make) in zip(st.columns(6), files.items(), strict=False):
        column.download_button(
            text(f"experiments.download_{kind}"),
            make,
            file_name=f"{name}.{kind}",
            on_click="ignore",
            key=f"download_{kind}",
            width="stretch",
        )
    st.caption(text("experiments.code"))
    st.code(
        f"from resnet_viz.experiments.registry import run_experiment\n\n{python_line(found)}",
        language="python",
    )
