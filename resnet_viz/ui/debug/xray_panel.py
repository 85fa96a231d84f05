"""*X-ray*: the network drawn once, the histograms of one layer, and its answers to photographs."""

from collections.abc import Mapping

import numpy as np
import streamlit as st
from jaxtyping import UInt8

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import network_title
from resnet_viz.figures.xray_drawing import histogram_figure, xray_figure
from resnet_viz.pictures.samples import sample_picture, samples
from resnet_viz.records import CheckpointReport, Histogram, LayerHealth, Quantity, Severity, Xray
from resnet_viz.spec import NetworkSpec
from resnet_viz.ui.frame.charts import chart
from resnet_viz.ui.frame.session import XRAY_LAYER, XRAY_PLOT
from resnet_viz.ui.frame.words import class_label, md_escape

_SIDE = 96  # pixels of a photograph
_PLAIN = {"displayModeBar": False}
_MARKS: Mapping[bool | None, str] = {True: "right", False: "wrong", None: "unknown"}
_NUMBERS = ("weight_rms", "stable_rank", "dead_filters", "consistency", "dead_units", "largest",
            "gradient_norm")  # fmt: skip


def show_xray(report: CheckpointReport, number: int, text: Text) -> None:
    """Show the drawing; below it the layer that was clicked, or the one with the worst finding."""
    if not report.layers:
        return
    layer = _chosen(report, number)
    plot = XRAY_PLOT[str(number)]

    def choose() -> None:
        points = plot.get()["selection"]["points"]
        if points and points[0].get("customdata"):
            XRAY_LAYER[str(number)].set(points[0]["customdata"])

    st.plotly_chart(
        xray_figure(report, layer, text),
        key=plot.name,
        on_select=choose,
        selection_mode="points",
        config=_PLAIN,
    )
    st.caption(text("xray.caption"))
    names = [row.name for row in report.layers]
    layer = st.selectbox(text("xray.layer"), names, key=XRAY_LAYER[str(number)].name)
    if report.xray is not None:
        _show_layer(layer, report.xray, report, number, text)


def show_answers(xray: Xray, number: int, text: Text) -> None:
    """Show the bundled photographs with what the network says to each."""
    if not xray.answers:
        return
    st.markdown(f"**{text('xray.answers')}**")
    with st.container(horizontal=True, key=f"xray-answers-{number}"):
        for answer in xray.answers:
            said = text(
                f"xray.answer_{_MARKS[answer.right]}",
                label=class_label(answer.label, text),
                share=f"{answer.probability:.0%}",
            )
            picture = samples()[answer.picture].titles[text.language]
            with st.container(width=_SIDE + 8, gap=None):
                st.image(
                    _square(sample_picture(answer.picture).pixels), width=_SIDE, alt=picture,
                    output_format="JPEG",
                )  # fmt: skip
                st.caption(md_escape(said))


def _square(pixels: UInt8[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "side side 3"]:
    """Cut the middle out of a photograph, so that all stand in one row."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]


def _chosen(report: CheckpointReport, number: int) -> str:
    """The layer that was clicked, else that of the first cause that has one, else the first."""
    chosen = XRAY_LAYER[str(number)]
    names = [row.name for row in report.layers]
    if chosen.get() not in names:
        found = [f.layer for f in report.findings if f.severity is not Severity.OK]
        chosen.set(next((name for name in found if name in names), names[0]))
    return chosen.get()


def _show_layer(layer: str, xray: Xray, report: CheckpointReport, number: int, text: Text) -> None:
    own = xray.layers.get(layer, {})
    if not own:
        st.caption(text("xray.nothing"))
        return
    beside: Mapping[Quantity, Histogram] = (xray.beside or {}).get(layer, {})
    names = (text("xray.this"), _healthy(xray, text))
    columns = st.columns(min(3, len(own)))
    for place, (quantity, bins) in enumerate(own.items()):
        with columns[place % len(columns)]:
            st.markdown(f"**{text(f'xray.{quantity}')}**")
            if bins.lost:
                st.caption(text("xray.lost", count=bins.lost))
            figure = histogram_figure(quantity, bins, beside.get(quantity), names, text)
            chart(figure, key=f"xray-{number}-{quantity}", name=f"{layer}-{quantity}")
    (row,) = (row for row in report.layers if row.name == layer)
    pictures = text("xray.pictures", count=xray.pictures) if xray.pictures else ""
    st.caption(" ".join([_numbers(row, text), pictures]).strip())


def _numbers(row: LayerHealth, text: Text) -> str:
    measured = {name: getattr(row, name) for name in _NUMBERS}
    return " ".join(
        text("xray.number", name=text(f"diagnosis.axis_{name}"), value=readable(value))
        for name, value in measured.items()
        if value is not None
    )


def _healthy(xray: Xray, text: Text) -> str:
    if xray.healthy is None:
        return ""
    name = network_title(NetworkSpec.preset(xray.healthy), text)
    return text("xray.healthy", network=name)
