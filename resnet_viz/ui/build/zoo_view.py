"""A network of the zoo on the Build page, read-only."""

import pandas as pd
import streamlit as st

from resnet_viz.core.tables import csv_text
from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import network_title
from resnet_viz.figures.network_drawing import catalog_figure
from resnet_viz.jobs.job import Running
from resnet_viz.networks.tables.block_groups import block_groups
from resnet_viz.networks.zoo.catalog import ZOO, ZooRow
from resnet_viz.probe.main_steps import ZooTable, zoo_table
from resnet_viz.records import BlockGroup
from resnet_viz.spec import RESIDUAL_PRESETS, NetworkSpec
from resnet_viz.ui.build import design_state as state
from resnet_viz.ui.build.design_takeaway import open_known
from resnet_viz.ui.build.design_view import ink, show_totals
from resnet_viz.ui.frame.engines import results
from resnet_viz.ui.frame.words import md_escape
from resnet_viz.ui.running.waiting import wait


def show_zoo_network(name: str, text: Text) -> None:
    """Show graph, layers and totals of a network, compared with a ResNet of similar depth."""
    row = ZOO[name]
    _links(name, row, text)
    table = wait(_measured(name), text("catalog.working", name=row.title))
    show_totals(row.title, row.depth, table.totals, text)
    nearest = _nearest_resnet(row)
    spec = NetworkSpec.preset(nearest)
    groups = results().cached(("groups", spec), lambda: block_groups(spec), size=20_000)
    left, right = st.columns([1, 1], gap="medium")
    with left:
        st.plotly_chart(
            catalog_figure(
                row.title, table.groups, (network_title(spec, text), groups), ink=ink(), text=text
            ),
            key="catalog_graph",
            config={"displayModeBar": False},
            alt=text("catalog.graph_alt", name=row.title),
        )
        st.caption(_sentence(row, table.groups, text))
    with right:
        _table(name, table, text)


def _measured(name: str) -> Running[ZooTable]:
    return results().compute(
        ("catalog", name), lambda: zoo_table(name), lambda table: 500 * len(table.layers)
    )


def _links(name: str, row: ZooRow, text: Text) -> None:
    note, compare, explain = st.columns([2, 1, 1], vertical_alignment="center")
    note.caption(md_escape(text("catalog.note", name=row.title, source=row.source)))
    with compare:
        open_known("compare", name, text)
    with explain:
        open_known("explain", name, text)
    note.button(text("catalog.back"), key="back_to_design", on_click=state.back_to_design)


def _nearest_resnet(row: ZooRow) -> str:
    """Return the ResNet with the same input size that is nearest in depth."""
    ours = {n: p for n, p in RESIDUAL_PRESETS.items() if n.removeprefix("resnet").isdigit()}
    fitting = [n for n, p in ours.items() if p.spec.input_size == row.input_size]
    return min(fitting, key=lambda name: abs(RESIDUAL_PRESETS[name].depth - row.depth))


def _sentence(row: ZooRow, groups: tuple[BlockGroup, ...], text: Text) -> str:
    """Explain the arcs of the drawing, with the network's numbers."""
    around = [group for group in groups if group.way == row.way]
    first = around[0] if around else groups[0]
    return md_escape(
        text(
            f"catalog.way_{row.way}",
            name=row.title,
            count=sum(group.count for group in around),
            steps=first.count,
            channels=first.shape[0],
        )
    )


def _table(name: str, table: ZooTable, text: Text) -> None:
    frame = pd.DataFrame(
        {
            "name": [layer.name for layer in table.layers],
            "kind": [layer.kind for layer in table.layers],
            "shape": [" × ".join(map(str, layer.shape)) for layer in table.layers],
            "parameters": [layer.parameters for layer in table.layers],
            "macs": [layer.macs for layer in table.layers],
            "memory": [layer.memory for layer in table.layers],
        }
    )
    labels = {column: text(f"design.column_{column}") for column in frame.columns}
    counts = [labels[column] for column in ("parameters", "macs", "memory")]
    st.dataframe(
        frame.rename(columns=labels),
        hide_index=True,
        key="catalog_table",
        height=480,
        column_config={c: st.column_config.NumberColumn(format="localized") for c in counts},
    )
    st.caption(text("catalog.table_note"))
    st.download_button(
        text("design.table_download"),
        lambda: csv_text(frame).encode(),
        file_name=f"{name}-layers.csv",
        mime="text/csv",
        on_click="ignore",
    )
