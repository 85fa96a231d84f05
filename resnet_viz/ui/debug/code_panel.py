"""The Python code that loads the file right, to copy or to download."""

from pathlib import PurePath

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.records import CheckpointReport


def show_code(report: CheckpointReport, number: int, text: Text) -> None:
    """Show the lines, and offer the program with the network's class; nothing without code."""
    code = report.code
    if code is None:
        return
    with st.expander(text("debug.code")):
        st.caption(text("debug.code_own" if code.network else "debug.code_torchvision"))
        st.code(code.short, language="python")
        st.download_button(
            text("debug.download_code"),
            code.program,
            file_name=f"load_{PurePath(report.name).stem}.py",
            mime="text/x-python",
            key=f"code-{number}",
            on_click="ignore",
        )
