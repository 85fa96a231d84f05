"""Waiting for a result of the store without holding up a newer rerun."""

import time
from concurrent.futures import Future
from typing import TypeVar

import streamlit as st

T = TypeVar("T")

_PATIENCE = 0.25  # seconds before anything is said about waiting


def wait(future: Future[T], label: str) -> T:
    """The result; after a moment ``label`` says what is being waited for."""
    started = time.monotonic()
    while not future.done() and time.monotonic() - started < _PATIENCE:
        time.sleep(0.002)
    if not future.done():
        with st.spinner(label, show_time=True):
            while not future.done():
                time.sleep(0.05)
                st.session_state.get("waiting")  # lets a newer rerun interrupt the waiting
    return future.result()
