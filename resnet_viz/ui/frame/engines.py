"""The engines shared by all sessions of this process."""

import os

import streamlit as st
import torch

from resnet_viz.jobs.threads import ThreadEngine

_RESULT_BYTES = 1_500_000_000  # a resnet152 pair on one picture takes about 600 MB
_MEASUREMENTS = 24
_DIAGNOSES = 24  # one takes 0.2 MB, with labelled images of 224 pixels 3 MB


@st.cache_resource(show_spinner=False)
def results() -> ThreadEngine:
    """Return the engine of values that pages show; it limits their size in bytes.

    Each job uses one thread of torch, and no more jobs run than there are cores: four times faster
    than letting every job use every core.
    """
    return ThreadEngine(
        "analysis", threads=_cores(), most_bytes=_RESULT_BYTES, initializer=_one_torch_thread
    )


@st.cache_resource(show_spinner=False)
def measurements() -> ThreadEngine:
    """Return the engine of measurements that pages follow while they run."""
    return ThreadEngine(
        "live", threads=_cores(), most_jobs=_MEASUREMENTS, initializer=_one_torch_thread
    )


@st.cache_resource(show_spinner=False)
def diagnoses() -> ThreadEngine:
    """Return the engine of diagnoses; each thread waits for a separate process."""
    return ThreadEngine("diagnosis", threads=max(1, _cores() // 2), most_jobs=_DIAGNOSES)


def _cores() -> int:
    return os.cpu_count() or 1


def _one_torch_thread() -> None:
    torch.set_num_threads(1)
