"""The engines that all sessions of this process share."""

import os

import streamlit as st
import torch

from resnet_viz.jobs.threads import ThreadEngine

_RESULT_BYTES = 1_500_000_000  # a resnet152 pair on one picture takes about 600 MB
_MEASUREMENTS = 24
_DIAGNOSES = 24  # one takes 0.2 MB, with labelled images of 224 pixels 3 MB


@st.cache_resource(show_spinner=False)
def results() -> ThreadEngine:
    """Values that pages show, kept while there is room.

    One thread of torch per job and no more jobs than cores: side by side that is four times faster
    than letting every job use every core.
    """
    return ThreadEngine(
        "analysis", threads=_cores(), most_bytes=_RESULT_BYTES, initializer=_one_torch_thread
    )


@st.cache_resource(show_spinner=False)
def measurements() -> ThreadEngine:
    """Measurements that grow while they are watched."""
    return ThreadEngine(
        "live", threads=_cores(), most_jobs=_MEASUREMENTS, initializer=_one_torch_thread
    )


@st.cache_resource(show_spinner=False)
def diagnoses() -> ThreadEngine:
    """Diagnoses, each of which waits for a process of its own."""
    return ThreadEngine("diagnosis", threads=max(1, _cores() // 2), most_jobs=_DIAGNOSES)


def _cores() -> int:
    return os.cpu_count() or 1


def _one_torch_thread() -> None:
    torch.set_num_threads(1)
