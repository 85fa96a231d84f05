"""Plots with one button: save as PNG, rendered by the visitor's browser."""

import plotly.graph_objects as go
import streamlit as st

_SCALE = 2  # dots per pixel
_GREY = "rgba(128, 128, 128, 0.9)"  # legible on white and on black


def chart(figure: go.Figure, *, key: str, name: str) -> None:
    """Show a plot whose button saves ``name``.png. Nothing is rendered on the server."""
    figure.update_layout(modebar={"bgcolor": "rgba(0, 0, 0, 0)", "color": _GREY})
    st.plotly_chart(
        figure,
        key=key,
        config={
            "displaylogo": False,
            "displayModeBar": True,
            "modeBarButtons": [["toImage"]],
            "toImageButtonOptions": {"format": "png", "filename": name, "scale": _SCALE},
        },
    )
