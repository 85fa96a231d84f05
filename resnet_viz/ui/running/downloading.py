"""The download of torchvision's weights, with progress and a stop button."""

import streamlit as st

from resnet_viz.checkpoints.sources.published import fetch_pretrained, pretrained_file
from resnet_viz.core.text import Text
from resnet_viz.records import WeightSource
from resnet_viz.ui.frame.session import Key


def fetch(name: str, text: Text, *weights: Key[str]) -> None:
    """Download a network's weights unless they are there; a rerun cancels the transfer.

    The stop button resets ``weights``, the keys of the choices, to untrained weights.
    """
    if pretrained_file(name).is_file():
        return
    bar, stop = st.empty(), st.empty()
    stop.button(text("compare.stop"), key="stop_download", on_click=_use_fresh, args=weights)
    try:
        for progress in fetch_pretrained(name):
            share = progress.received / progress.total if progress.total else 0.0
            megabytes = f"{progress.received / 1e6:.0f} / {progress.total / 1e6:.0f} MB"
            bar.progress(min(share, 1.0), text=text("compare.downloading", size=megabytes))
    finally:
        bar.empty()
        stop.empty()


def _use_fresh(*weights: Key[str]) -> None:
    for key in weights:
        key.set(WeightSource.RANDOM.value)
