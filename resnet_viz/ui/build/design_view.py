"""One design on the Build page: drawing, costs, layers, signal check and exports."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.number_format import readable
from resnet_viz.core.tables import csv_text
from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import network_title
from resnet_viz.figures.network_drawing import block_figure, layer_sentence, network_figure
from resnet_viz.figures.signal_plot import signal_caption, signal_figure
from resnet_viz.networks.tables.block_groups import block_groups, layers_inside
from resnet_viz.networks.tables.layer_table import layer_table
from resnet_viz.networks.tables.totals import Totals, shortcut_cost, totals
from resnet_viz.probe.signal_check import IMAGES, signal_check
from resnet_viz.records import BlockGroup, Layer, Pair, role_alone
from resnet_viz.spec import PRESETS, Kind, NetworkSpec, Shortcut
from resnet_viz.ui.build.design_state import Problem, seed_of_page
from resnet_viz.ui.build.design_takeaway import offer, show_source
from resnet_viz.ui.build.shortcut_cards import show_options
from resnet_viz.ui.frame.engines import results
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import (
    BLOCK_PLOT,
    DESIGN_BATCH,
    DESIGN_BLOCK,
    DESIGN_GRAPH,
    DESIGN_LAYER,
    DESIGN_SHOWN,
    Key,
)
from resnet_viz.ui.frame.words import md_escape
from resnet_viz.ui.running.waiting import wait

_PLAIN_PLOT = {"displayModeBar": False}


def show_design(spec: NetworkSpec, text: Text) -> None:
    """Show everything about one design."""
    groups = _twins(spec).map(_groups)
    places = [group.first for group in groups.first]
    if DESIGN_BLOCK.get() not in places:
        DESIGN_BLOCK.set(places[1])
    _drawing(groups, text)
    _headline(spec, text)
    _inside(spec, places, text)
    show_options(spec, text)
    panels = {"table": _table, "signal": _signal, "takeaway": offer, "source": show_source}
    names = [text(f"design.tab_{name}") for name in panels]
    for tab, panel in zip(
        st.tabs(names, key="design_tab", on_change="rerun"), panels.values(), strict=True
    ):
        if tab.open:
            with tab:
                panel(spec, text)


def _twins(spec: NetworkSpec) -> Pair[NetworkSpec]:
    """Return the design and its plain twin; a plain design gets a residual twin with option A."""
    if spec.kind is Kind.PLAIN:
        return Pair(replace(spec, shortcut=Shortcut.ZERO_PAD), spec)
    return Pair(spec, spec.plain())


def _groups(spec: NetworkSpec) -> tuple[BlockGroup, ...]:
    return results().cached(("groups", spec), lambda: block_groups(spec), size=20_000)


def _layers(spec: NetworkSpec) -> list[Layer]:
    return results().cached(
        ("layers", spec), lambda: layer_table(spec), size=1000 * sum(spec.depths)
    )


def _headline(spec: NetworkSpec, text: Text) -> None:
    total = _totals(spec)
    cost = results().cached(("cost", spec), lambda: shortcut_cost(spec), size=1000)
    depth = PRESETS[spec.name].depth if spec.name in PRESETS else total.depth
    show_totals(network_title(spec, text), depth, total, text)
    if spec.kind is Kind.PLAIN:
        st.caption(text("design.cost_plain"))
        return
    if not (cost.parameters or cost.macs or cost.kept):
        st.caption(text("design.cost_nothing"))
        return
    st.caption(
        text(
            "design.cost",
            parameters=f"{cost.parameters:,}",
            share=f"{cost.parameters / total.parameters:.1%}",
            macs=_short(cost.macs),
            memory=_bytes(cost.kept),
        )
    )


def _before(spec: NetworkSpec) -> Totals | None:
    """Return the costs of the design that was on the page before this one."""
    shown, before = DESIGN_SHOWN.get() or (spec, None)
    if shown != spec:
        shown, before = spec, shown
    DESIGN_SHOWN.set((shown, before))
    return None if before is None else _totals(before)


def show_totals(title: str, depth: int, total: Totals, text: Text) -> None:
    """Show the costs, with the memory of training at a chosen batch size."""
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    batch = int(
        right.number_input(
            text("design.batch"), 1, 100_000, 128, key=DESIGN_BATCH.name, persist_state="session"
        )
        or 1
    )
    left.markdown(
        md_escape(
            text(
                "design.headline",
                name=title,
                depth=depth,
                parameters=f"{total.parameters:,}",
                macs=_short(total.macs),
                memory=_bytes(total.training_memory(batch)),
                batch=batch,
            )
        ),
        help=text("design.headline_help"),
    )


def show_numbers(spec: NetworkSpec, text: Text) -> None:
    """Show three numbers of a design, and by how much the last change changed them."""
    total, before = _totals(spec), _before(spec)
    batch = DESIGN_BATCH.get()
    now, then = _numbers(total, batch), _numbers(before or total, batch)
    lines = []
    for name, value in now.items():
        written = _bytes if name == "memory" else _short
        change = value - then[name]
        sign = "−" if change < 0 else "+"
        note = f" :blue-background[{sign}{written(abs(change))}]" if change else ""
        lines.append(f"{text(f'design.number_{name}')} **{written(value)}**{note}")
    st.markdown("  \n".join(lines))


def _totals(spec: NetworkSpec) -> Totals:
    return results().cached(("totals", spec), lambda: totals(spec), size=1000)


def _numbers(costs: Totals, batch: int) -> dict[str, int]:
    memory = costs.training_memory(batch)
    return {"parameters": costs.parameters, "macs": costs.macs, "memory": memory}


def show_broken(problem: Problem, upto: NetworkSpec, text: Text) -> None:
    """Draw a design that cannot be built up to the stage that breaks, and say what meets there."""
    groups = _twins(upto).map(lambda twin: _groups(twin)[:-1])
    last, stage = groups.first[-1], len(upto.depths) + 1
    unknown = text("design.not_given")
    st.markdown(
        text(
            "design.breaks",
            before=md_escape(last.last),
            shape=" × ".join(map(str, last.shape)),
            stage=stage,
            blocks=md_escape(problem.blocks or unknown),
            channels=md_escape(problem.channels or unknown),
        )
    )
    figure = network_figure(
        groups, selected=None, ink=ink(), text=text,
        broken=text("design.broken_stage", stage=stage),
    )  # fmt: skip
    st.plotly_chart(figure, key="broken_graph", config=_PLAIN_PLOT, alt=text("design.graph_alt"))


def _drawing(groups: Pair[tuple[BlockGroup, ...]], text: Text) -> None:
    st.plotly_chart(
        network_figure(groups, selected=DESIGN_BLOCK.get(), ink=ink(), text=text),
        key=DESIGN_GRAPH.name,
        on_select=lambda: _pick(DESIGN_GRAPH, DESIGN_BLOCK),
        selection_mode="points",
        config=_PLAIN_PLOT,
        alt=text("design.graph_alt"),
    )
    if any(group.count > 1 for group in groups.first):
        st.caption(text("design.folded"))


def _pick(plot: Key[Any], choice: Key[str | None]) -> None:
    """Apply a click on a plot: the clicked marker becomes the choice."""
    selection: Mapping[str, Any] = plot.get()["selection"]  # Plotly's event, as Streamlit has it
    for point in selection.get("points", []):
        chosen = point.get("customdata")
        choice.set(chosen[0] if isinstance(chosen, list) else chosen)


def _inside(spec: NetworkSpec, places: list[str], text: Text) -> None:
    """Show one block and one of its layers."""
    left, right = st.columns(2)
    place = str(left.selectbox(text("design.inside"), places, key=DESIGN_BLOCK.name))
    layers = layers_inside(spec, place)
    names = [layer.name for layer in layers]
    if DESIGN_LAYER.get() not in names:
        DESIGN_LAYER.set(names[0])
    name = right.selectbox(text("design.layer_choice"), names, key=DESIGN_LAYER.name)
    way = next(group.way for group in _groups(spec) if group.first == place) or "none"
    figure = block_figure(layers, way=way, role=role_alone(spec), ink=ink(), text=text)
    st.plotly_chart(
        figure,
        key=BLOCK_PLOT.name,
        on_select=lambda: _pick(BLOCK_PLOT, DESIGN_LAYER),
        selection_mode="points",
        config=_PLAIN_PLOT,
        alt=text("design.block_alt", block=place),
    )
    chosen = next(layer for layer in layers if layer.name == name)
    st.caption(md_escape(layer_sentence(chosen, text)))


def _table(spec: NetworkSpec, text: Text) -> None:
    rows = _layers(spec)
    frame = pd.DataFrame(
        {
            "name": [row.name for row in rows],
            "shape": [" × ".join(map(str, row.shape)) for row in rows],
            "parameters": [row.parameters for row in rows],
            "macs": [row.macs for row in rows],
            "receptive_min": [row.receptive_min for row in rows],
            "receptive_max": [row.receptive_max for row in rows],
            "stride": [row.stride for row in rows],
            "memory": [row.memory for row in rows],
            "kind": [row.kind for row in rows],
        }
    )
    labels = {name: text(f"design.column_{name}") for name in frame.columns}
    counts = [labels[name] for name in ("parameters", "macs", "memory")]
    st.dataframe(
        frame.rename(columns=labels),
        hide_index=True,
        key="design_table",
        height=420,
        column_config={c: st.column_config.NumberColumn(format="localized") for c in counts},
    )
    st.caption(text("design.table_note"))
    st.download_button(
        text("design.table_download"),
        lambda: csv_text(frame).encode(),
        file_name=f"{spec.name}-layers.csv",
        mime="text/csv",
        on_click="ignore",
    )


def _signal(spec: NetworkSpec, text: Text) -> None:
    seed = seed_of_page()
    futures = _twins(spec).map(
        lambda twin: results().compute(
            ("signal", twin, seed),
            lambda: signal_check(twin, seed=seed),
            lambda check: check.variances.nbytes * 4,
        )
    )
    try:
        checks = futures.map(lambda future: wait(future, text("design.signal_working")))
    except ResnetVizError as error:
        show_error(error, text)
        return
    st.markdown(md_escape(signal_caption(checks, text)))
    st.plotly_chart(
        signal_figure(checks, text), key="design_signal", config=_PLAIN_PLOT,
        alt=text("design.signal_alt"),
    )  # fmt: skip
    st.caption(text("design.signal_note", images=IMAGES, seed=seed))


def ink() -> str:
    """Return the text colour of drawings; Streamlit's own is too faint for small text."""
    return "#fafafa" if st.context.theme.type == "dark" else "#31333f"


def _short(count: int) -> str:
    return f"{readable(count / 1e9)} G" if count >= 1e9 else f"{readable(count / 1e6)} M"


def _bytes(count: int) -> str:
    return f"{readable(count / 1e9)} GB" if count >= 1e9 else f"{readable(count / 1e6)} MB"
