"""Other inputs that a network may have been trained on: BGR instead of RGB, another size.

How pixels were normalised is found out with the network itself (``checkpoints.topology``).
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from resnet_viz.checkpoints.identifying.bn_consistency import consistency
from resnet_viz.checkpoints.identifying.identify import Identification
from resnet_viz.diagnosis.thresholds import graded
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.samples import sample_batch
from resnet_viz.records import CheckFinding

_ENOUGH = 32  # images; on sixteen photographs a healthy network may be surer of BGR
_LARGEST = 64  # pixels; twice the side costs four times as much


def input_findings(
    found: Identification, batch: Float[Tensor, "batch channel height width"]
) -> Iterator[CheckFinding]:
    """Whether another order of channels or another size would suit the network better."""
    if found.spec.input_channels != 3:
        return
    if len(batch) >= _ENOUGH:
        yield from _channel_order(found.network, batch)
    if found.preprocessing.size <= _LARGEST and found.input_scores:
        yield _size(found)


def _channel_order(
    network: ResNet, batch: Float[Tensor, "batch 3 height width"]
) -> Iterator[CheckFinding]:
    """The mean probability of the answers, with the channels as they are and reversed."""
    with torch.no_grad():
        sure, reversed_ = (
            float(network(images).softmax(1).max(1).values.mean())
            for images in (batch, batch.flip(1))
        )
    if math.isfinite(sure):  # what is lost is said elsewhere
        yield graded("channel_order", reversed_ - sure, rgb=f"{sure:.3f}", bgr=f"{reversed_:.3f}")


def _size(found: Identification) -> CheckFinding:
    """Batch-norm consistency, mean over all layers, at half, the same and twice the size."""
    usual = found.preprocessing
    scores = {}
    for side in (usual.size // 2, usual.size, usual.size * 2):
        resize = round(side * usual.resize / usual.size)
        batch = sample_batch(replace(usual, size=side, resize=resize))
        scores[side] = consistency(found.network, batch).mean
    best = min(scores, key=lambda side: scores[side])
    told = ", ".join(f"{side}: {score:.2f}" for side, score in scores.items())
    return graded("input_size", scores[usual.size] / max(scores[best], 1e-9),
                  used=str(usual.size), best=str(best), scores=told)  # fmt: skip
