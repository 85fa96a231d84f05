"""Plots with the one button that they have: the figure as a PNG, drawn by the visitor's browser."""

import plotly.graph_objects as go
import streamlit as st

_SCALE = 2  # dots a pixel


def chart(figure: go.Figure, *, key: str, name: str) -> None:
    """A plot; its camera saves ``name``.png. Nothing is drawn on the server."""
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
