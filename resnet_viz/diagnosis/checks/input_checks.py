"""Check for other inputs that a network may be trained on: BGR instead of RGB, another size.

The normalisation of pixels is determined with the network itself, by ``identify``.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from resnet_viz.checkpoints.identifying.bn_consistency import consistency
from resnet_viz.checkpoints.identifying.identification import Identification
from resnet_viz.diagnosis.thresholds import graded
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.samples import sample_batch
from resnet_viz.records import CheckFinding

_ENOUGH = 32  # images; on sixteen a healthy network may be more confident with BGR
_LARGEST = 64  # pixels; larger inputs take too long


def input_findings(
    identification: Identification, batch: Float[Tensor, "batch channel height width"]
) -> Iterator[CheckFinding]:
    """Check whether another channel order or input size fits the network better."""
    if identification.spec.input_channels != 3:
        return
    if len(batch) >= _ENOUGH and identification.file.answers:
        yield from _channel_order(identification.network, batch)
    if identification.preprocessing.size <= _LARGEST and identification.input_scores:
        yield _size(identification)


def _channel_order(
    network: ResNet, batch: Float[Tensor, "batch 3 height width"]
) -> Iterator[CheckFinding]:
    """Compare the mean confidence of the predictions with RGB and with BGR input."""
    with torch.no_grad():
        rgb, bgr = (
            float(network(images).softmax(1).max(1).values.mean())
            for images in (batch, batch.flip(1))
        )
    if math.isfinite(rgb):  # other checks report NaN
        yield graded("channel_order", bgr - rgb, rgb=f"{rgb:.3f}", bgr=f"{bgr:.3f}")


def _size(identification: Identification) -> CheckFinding:
    """Compare the mean consistency of all layers at half, the same and twice the input size."""
    usual = identification.preprocessing
    scores = {}
    for side in (usual.size // 2, usual.size, usual.size * 2):
        resize = round(side * usual.resize / usual.size)
        batch = sample_batch(replace(usual, size=side, resize=resize))
        scores[side] = consistency(identification.network, batch).mean
    best = min(scores, key=lambda side: scores[side])
    shown_scores = ", ".join(f"{side}: {score:.2f}" for side, score in scores.items())
    return graded("input_size", scores[usual.size] / max(scores[best], 1e-9),
                  used=str(usual.size), best=str(best), scores=shown_scores)  # fmt: skip
