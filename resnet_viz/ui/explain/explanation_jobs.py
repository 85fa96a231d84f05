"""Explanations computed off the page's thread, once for all visitors, and stopped by a button."""

import threading
import time
from collections.abc import Hashable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import streamlit as st

from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.core.text import Text
from resnet_viz.explain.cam_methods import CamMethod, class_activation_maps
from resnet_viz.explain.explain_picture import ExplainRequest, explain_picture
from resnet_viz.explain.faithfulness import MEASURES
from resnet_viz.explain.scored_image import ScoredNetwork
from resnet_viz.explain.stopping import Cancelled, stopping
from resnet_viz.pictures.decode import Picture
from resnet_viz.pictures.preprocess import seen, to_batch
from resnet_viz.probe.analyze import analyze
from resnet_viz.probe.targets import logits_of
from resnet_viz.records import Analysis, ByLayer, Pair
from resnet_viz.records.explanation import ExplainedPicture
from resnet_viz.ui.explain.form import request_key
from resnet_viz.ui.frame.shell import store

_PATIENCE = 0.25  # seconds before anything is said about waiting
_STOPPED = "explain_stopped"  # of the session: what its visitor stopped

#: What stops each explanation that goes on, by its key.
_going: dict[Hashable, threading.Event] = {}


@dataclass(frozen=True)
class Job:
    """An explanation on its way."""

    key: Hashable
    future: "Future[ExplainedPicture]"


def submit(loaded: Loaded, picture: Picture, request: ExplainRequest, *, scored: bool) -> Job:
    """The explanation, with all its scores if asked for."""
    whole = _whole(request, scored)
    key = _key(loaded, picture, whole)
    event = _going.setdefault(key, threading.Event())

    def work() -> ExplainedPicture:
        try:
            with stopping(event.is_set):
                return explain_picture(loaded, picture, whole)
        finally:
            _going.pop(key, None)

    future = store().submit(key, work, lambda made: made.nbytes)
    if future.done():
        _going.pop(key, None)
    return Job(key, future)


def finished(
    loaded: Loaded, picture: Picture, request: ExplainRequest, *, scored: bool
) -> ExplainedPicture | None:
    """The same if it is there already; nothing is computed."""
    kept = store().get(_key(loaded, picture, _whole(request, scored)))
    return cast("ExplainedPicture | None", kept)


def stop(keys: Iterable[Hashable]) -> None:
    """End these explanations within a second, for everybody who waits for them."""
    for key in keys:
        if (event := _going.get(key)) is not None:
            event.set()


def _whole(request: ExplainRequest, scored: bool) -> ExplainRequest:
    return replace(request, measures=tuple(MEASURES) if scored else ())


def _key(loaded: Loaded, picture: Picture, request: ExplainRequest) -> Hashable:
    return ("explained", loaded.digest, loaded.source, picture.digest, *request_key(request))


def wait_both(
    pair: Pair[Loaded],
    picture: Picture,
    requests: Pair[ExplainRequest],
    *,
    scored: bool,
    label: str,
    text: Text,
) -> Pair[ExplainedPicture] | None:
    """Both explanations; a button stops them within a second, and then there is None."""
    place = (picture.digest, scored, *(request_key(r) for _, r in requests.items()))
    if st.session_state.get(_STOPPED) == place:
        _say_stopped(str(scored), text)
        return None
    jobs = [
        submit(loaded, picture, request, scored=scored)
        for (_, loaded), (_, request) in zip(pair.items(), requests.items(), strict=True)
    ]
    _wait(jobs, place, label, text)
    try:
        return Pair(*[job.future.result() for job in jobs])
    except Cancelled:  # in another tab
        _say_stopped(str(scored), text)
        return None


def _wait(jobs: list[Job], place: Hashable, label: str, text: Text) -> None:
    started = time.monotonic()
    futures = [job.future for job in jobs]
    while not _all_done(futures) and time.monotonic() - started < _PATIENCE:
        time.sleep(0.002)
    if _all_done(futures):
        return
    button = st.empty()
    button.button(
        text("explain.stop"),
        key=f"explain_stop_{hash(place)}",
        on_click=_stop,
        args=([job.key for job in jobs], place),
    )
    with st.spinner(label, show_time=True):
        while not _all_done(futures):
            time.sleep(0.05)
            st.session_state.get("waiting")  # lets a newer rerun interrupt the waiting
    button.empty()


def _all_done(futures: "list[Future[ExplainedPicture]]") -> bool:
    return all(future.done() for future in futures)


def _stop(keys: list[Hashable], place: Hashable) -> None:
    st.session_state[_STOPPED] = place
    stop(keys)


def _say_stopped(name: str, text: Text) -> None:
    st.info(text("explain.stopped"))
    st.button(text("explain.go_on"), key=f"explain_go_on_{name}", on_click=_go_on)


def _go_on() -> None:
    st.session_state.pop(_STOPPED, None)


def submit_blocks(
    loaded: Loaded, picture: Picture, method: CamMethod, target: int, against: int | None
) -> "Future[ByLayer[np.ndarray]]":
    """One method's maps at every block, from one pass (small multiples)."""
    layers = loaded.spec.blocks()
    key = ("block_maps", loaded.digest, picture.digest, method, target, against)
    return store().submit(
        key,
        lambda: class_activation_maps(analysed(loaded, picture, layers, target, against), [method])[
            method
        ],
        lambda maps: sum(values.nbytes for values in maps.values()),
    )


def submit_layer(
    loaded: Loaded, picture: Picture, layer: str, target: int, against: int | None
) -> "Future[Analysis]":
    """Features, gradients and Grad-CAM of one layer."""
    key = ("layer", loaded.digest, picture.digest, layer, target, against)
    return store().submit(
        key,
        lambda: analysed(loaded, picture, [layer], target, against),
        lambda made: 3 * sum(values.nbytes for values in made.features.values()),
    )


def analysed(
    loaded: Loaded, picture: Picture, layers: list[str], target: int, against: int | None
) -> Analysis:
    """One pass for the difference of two logits, or for one."""
    batch = to_batch([seen(picture, loaded.preprocessing)], loaded.preprocessing)
    scored = ScoredNetwork(loaded.network, target, against)
    return analyze(
        loaded.network,
        batch.to(next(loaded.network.parameters()).device),
        target=lambda output: scored.of(logits_of(output)),
        layers=layers,
        gradients=True,
    )
