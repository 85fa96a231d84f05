"""Explanations as jobs, shared by all sessions."""

import threading
from collections.abc import Hashable, Iterator
from dataclasses import replace
from typing import cast

import numpy as np

from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.core.text import Text
from resnet_viz.explain.cam_family import class_activation_maps
from resnet_viz.explain.explain_picture import (
    ExplainRequest,
    explain_picture,
    scores_of,
    side_by_side,
)
from resnet_viz.explain.method_names import MethodName
from resnet_viz.explain.methods import METHODS, Cost
from resnet_viz.explain.scored_image import ScoredNetwork
from resnet_viz.explain.stopping import stopping
from resnet_viz.jobs.job import Job, Running
from resnet_viz.jobs.running_thread import RunningThread
from resnet_viz.pictures.decode import Picture
from resnet_viz.pictures.preprocess import seen, to_batch
from resnet_viz.probe.analyze import analyze
from resnet_viz.records import Analysis, ByLayer, Pair
from resnet_viz.records.explained_picture import ExplainedPicture
from resnet_viz.records.faithfulness_scores import FaithfulnessScore
from resnet_viz.ui.explain.request_key import request_key
from resnet_viz.ui.frame.engines import results
from resnet_viz.ui.running.answer import is_heavy
from resnet_viz.ui.running.waiting import StopButton, wait_all

_SCORES_BYTES = 2000


def explaining(
    loaded: Loaded, picture: Picture, request: ExplainRequest
) -> RunningThread[ExplainedPicture]:
    """Start an explanation without scores; it can stop between two batches."""
    whole = replace(request, measures=())
    stopped = threading.Event()

    def records() -> Iterator[ExplainedPicture]:
        with stopping(stopped.is_set):
            explanation = explain_picture(loaded, picture, whole)
        yield explanation

    key = explanation_key(loaded, picture, whole)
    return results().start(
        Job(
            key,
            records,
            cancel=stopped.set,
            size=lambda explanation: explanation.nbytes,
            heavy=is_heavy(loaded) or METHODS[request.method].cost is not Cost.FEW,
        )
    )


def finished(loaded: Loaded, picture: Picture, request: ExplainRequest) -> ExplainedPicture | None:
    """Return the explanation if it is already computed."""
    explained = results().result(explanation_key(loaded, picture, request))
    return cast("ExplainedPicture | None", explained)


def explanation_key(loaded: Loaded, picture: Picture, request: ExplainRequest) -> Hashable:
    """Return the key of an explanation without scores, in the shared results."""
    key = request_key(replace(request, measures=()))
    return ("explained", loaded.digest, loaded.source, picture.digest, *key)


def measured(
    loaded: Loaded,
    picture: Picture,
    explained: ExplainedPicture,
    request: ExplainRequest,
    measure: str,
) -> Running[tuple[FaithfulnessScore, ...]]:
    """Start one measure of an explanation."""
    return results().compute(
        scores_key(loaded, picture, request, measure),
        lambda: scores_of(loaded, explained, measure),
        lambda _: _SCORES_BYTES,
    )


def known_scores(
    loaded: Loaded, picture: Picture, request: ExplainRequest, measure: str
) -> tuple[FaithfulnessScore, ...]:
    """Return one measure's scores if they are known, else none."""
    known = results().result(scores_key(loaded, picture, request, measure))
    return cast("tuple[FaithfulnessScore, ...]", known or ())


def scores_key(loaded: Loaded, picture: Picture, request: ExplainRequest, measure: str) -> Hashable:
    """Return the key of one measure's scores, in the shared results."""
    return ("scores", measure, explanation_key(loaded, picture, request))


def wait_both(
    pair: Pair[Loaded],
    picture: Picture,
    requests: Pair[ExplainRequest],
    text: Text,
) -> Pair[ExplainedPicture] | None:
    """Return both explanations; None if the stop button was pressed."""
    button = StopButton(
        "explain",
        (picture.digest, *(request_key(request) for request in requests)),
        label=text("explain.stop"),
        stopped=text("explain.stopped"),
        again=text("explain.go_on"),
    )

    label = text("explain.working", method=text(f"methods.{requests.first.method}"))

    def wait() -> Pair[ExplainedPicture]:
        jobs = [explaining(loaded, picture, request) for loaded, request in pair.join(requests)]
        return side_by_side(*wait_all(jobs, label, button))

    return button.unless_stopped(wait)


def submit_blocks(
    loaded: Loaded, picture: Picture, method: MethodName, target: int, against: int | None
) -> Running[ByLayer[np.ndarray]]:
    """Start one method's maps at every block, from a single pass."""
    layers = loaded.spec.blocks()
    key = ("block_maps", loaded.digest, picture.digest, method, target, against)
    return results().compute(
        key,
        lambda: class_activation_maps(analysed(loaded, picture, layers, target, against), [method])[
            method
        ],
        lambda maps: sum(values.nbytes for values in maps.values()),
    )


def submit_layer(
    loaded: Loaded, picture: Picture, layer: str, target: int, against: int | None
) -> Running[Analysis]:
    """Start the analysis of one layer: features, gradients and Grad-CAM."""
    key = ("layer", loaded.digest, picture.digest, layer, target, against)
    return results().compute(
        key,
        lambda: analysed(loaded, picture, [layer], target, against),
        lambda analysis: 3 * sum(values.nbytes for values in analysis.features.values()),
    )


def analysed(
    loaded: Loaded, picture: Picture, layers: list[str], target: int, against: int | None
) -> Analysis:
    """Analyse one pass for the target's logit, or its difference from another's."""
    batch = to_batch([seen(picture, loaded.preprocessing)], loaded.preprocessing)
    scored = ScoredNetwork(loaded.network, target, against)
    return analyze(
        loaded.network,
        batch.to(next(loaded.network.parameters()).device),
        target=scored.score_of,
        layers=layers,
        gradients=True,
    )
