"""Explanations computed off the page's thread, once for all visitors."""

from concurrent.futures import Future
from dataclasses import replace

import numpy as np

from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.images import seen, to_batch
from resnet_viz.pictures import Picture
from resnet_viz.probe.analysis import analyze
from resnet_viz.probe.cam_methods import CamMethod, class_activation_maps
from resnet_viz.probe.explained import Request, explained
from resnet_viz.probe.faithfulness import MEASURES
from resnet_viz.probe.scoring import Scored
from resnet_viz.probe.targets import logits_of
from resnet_viz.records import Analysis, ByLayer
from resnet_viz.records.explanation import ExplainedPicture
from resnet_viz.ui.explain_form import request_key
from resnet_viz.ui.shell import store


def submit(
    loaded: Loaded, picture: Picture, request: Request, *, scored: bool
) -> "Future[ExplainedPicture]":
    """The explanation, with all its scores if asked for."""
    whole = replace(request, measures=tuple(MEASURES) if scored else ())
    key = ("explained", loaded.digest, loaded.source, picture.digest, *request_key(whole))
    return store().submit(key, lambda: explained(loaded, picture, whole), lambda made: made.nbytes)


def submit_blocks(
    loaded: Loaded, picture: Picture, method: CamMethod, target: int, against: int | None
) -> "Future[ByLayer[np.ndarray]]":
    """One method's maps at every block, from one pass (small multiples)."""

    def analysed() -> Analysis:
        batch = to_batch([seen(picture, loaded.preprocessing)], loaded.preprocessing)
        scored = Scored(loaded.network, target, against)
        return analyze(
            loaded.network,
            batch.to(next(loaded.network.parameters()).device),
            target=lambda output: scored.of(logits_of(output)),
            layers=loaded.spec.blocks(),
            gradients=True,
        )

    key = ("block_maps", loaded.digest, picture.digest, method, target, against)
    return store().submit(
        key,
        lambda: class_activation_maps(analysed(), [method])[method],
        lambda maps: sum(values.nbytes for values in maps.values()),
    )
