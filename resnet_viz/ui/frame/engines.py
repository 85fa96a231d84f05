"""The engines shared by all sessions of this process."""

import os

import streamlit as st
import torch

from resnet_viz.jobs.threads import ThreadEngine
from resnet_viz.ui.frame.held_memory import memory_limit
from resnet_viz.ui.frame.serving import serving
from resnet_viz.ui.frame.visitor import is_teacher, owner

_MOST_RESULTS = 1_500_000_000  # bytes; a resnet152 pair on one picture takes about 600 MB
_SHARE = 4  # results take at most this part of the machine's memory
_MEASUREMENTS = 24
_DIAGNOSES = 24  # one takes 0.2 MB, with labelled images of 224 pixels 3 MB


@st.cache_resource(show_spinner=False)
def results() -> ThreadEngine:
    """Return the engine of values that pages show; it limits their size in bytes.

    Each job uses one thread of torch, and in a lane no more jobs run than there are cores: four
    times faster than letting every job use every core.
    """
    return ThreadEngine(
        "analysis",
        threads=_cores(),
        most_bytes=min(_MOST_RESULTS, memory_limit() // _SHARE),
        initializer=_one_torch_thread,
        whose=owner,
        most_seconds=_most_seconds,
    )


@st.cache_resource(show_spinner=False)
def measurements() -> ThreadEngine:
    """Return the engine of measurements that pages follow while they run."""
    return ThreadEngine(
        "live",
        threads=_cores(),
        most_jobs=_MEASUREMENTS,
        initializer=_one_torch_thread,
        whose=owner,
        most_seconds=_most_seconds,
    )


@st.cache_resource(show_spinner=False)
def diagnoses() -> ThreadEngine:
    """Return the engine of diagnoses; each thread waits for a separate process."""
    return ThreadEngine(
        "diagnosis",
        threads=max(1, _cores() // 2),
        most_jobs=_DIAGNOSES,
        whose=owner,
        most_seconds=_most_seconds,
    )


def _most_seconds() -> float:
    """Seconds of work that a visitor may use in ten minutes."""
    limited = serving().apart and not is_teacher()
    return serving().quotas.analysis_seconds if limited else float("inf")


def _cores() -> int:
    return os.cpu_count() or 1


def _one_torch_thread() -> None:
    torch.set_num_threads(1)
