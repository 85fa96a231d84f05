"""Check for other inputs that a network may be trained on: BGR instead of RGB, another size.

The normalisation of pixels is determined with the network itself, by ``identify``.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import interpolate

from resnet_viz.checkpoints.identifying.bn_consistency import consistency
from resnet_viz.checkpoints.identifying.identification import Identification
from resnet_viz.diagnosis.thresholds import graded
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.samples import photographs
from resnet_viz.records import CheckFinding

_FEWEST = 16  # images
_ENOUGH = 32  # images for a warning; on sixteen a healthy network may be more confident with BGR
_MOST = 64  # images that are run with both orders
_LARGEST = 64  # pixels; larger inputs take too long


def input_findings(
    identification: Identification,
    batch: Float[Tensor, "batch channel height width"],
    logits: Float[Tensor, "batch classes"],
    labels: Int64[Tensor, " batch"] | None,
    *,
    own_images: bool,
) -> Iterator[CheckFinding]:
    """Check whether another channel order or input size fits the network better.

    ``logits`` are the network's outputs for ``batch``, and ``labels`` its classes, if known. Sizes
    are compared on the photographs, or on the user's own pictures if ``own_images``.
    """
    colour = identification.spec.input_channels == 3
    if colour and len(batch) >= _FEWEST and identification.file.answers:
        known = None if labels is None else labels[:_MOST]
        yield from _channel_order(identification.network, batch[:_MOST], logits[:_MOST], known)
    if identification.preprocessing.size <= _LARGEST and identification.input_scores:
        if own_images:
            yield _size(identification, lambda side: _resized(batch, side))
        elif colour:
            yield _size(identification, lambda side: _photographs(identification, side))


def _channel_order(
    network: ResNet,
    batch: Float[Tensor, "batch 3 height width"],
    logits: Float[Tensor, "batch classes"],
    labels: Int64[Tensor, " batch"] | None,
) -> Iterator[CheckFinding]:
    """Compare the mean confidence of the predictions with RGB and with BGR input.

    Where the classes are known, more answers have to be right with BGR. Where a few pictures speak
    for BGR, their mirror images are asked too.
    """
    with torch.no_grad():
        reversed_logits = network(batch.flip(1))
        if len(batch) < _ENOUGH and _confidence(reversed_logits) > _confidence(logits):
            mirrored = batch.flip(3)
            logits = torch.cat([logits, network(mirrored)])
            reversed_logits = torch.cat([reversed_logits, network(mirrored.flip(1))])
            labels = None if labels is None else labels.repeat(2)
    rgb, bgr = (_confidence(each) for each in (logits, reversed_logits))
    if labels is not None and _right(reversed_logits, labels) <= _right(logits, labels):
        bgr = min(rgb, bgr)
    if math.isfinite(rgb):  # other checks report NaN
        yield graded("channel_order", bgr - rgb, rgb=f"{rgb:.3f}", bgr=f"{bgr:.3f}")


def _confidence(logits: Float[Tensor, "batch classes"]) -> float:
    return float(logits.softmax(1).max(1).values.mean())


def _right(logits: Float[Tensor, "batch classes"], labels: Int64[Tensor, " batch"]) -> int:
    return int((logits.argmax(1) == labels).sum())


def _size(identification: Identification, pictures: Callable[[int], Tensor]) -> CheckFinding:
    """Compare the mean consistency of all layers at half, the same and twice the input size."""
    usual = identification.preprocessing.size
    scores = {
        side: consistency(identification.network, pictures(side), identification.remeasured).mean
        for side in (usual // 2, usual, usual * 2)
    }
    best = min(scores, key=lambda side: scores[side])
    shown_scores = ", ".join(f"{side}: {score:.2f}" for side, score in scores.items())
    return graded("input_size", scores[usual] / max(scores[best], 1e-9),
                  used=str(usual), best=str(best), scores=shown_scores)  # fmt: skip


def _photographs(identification: Identification, side: int) -> Tensor:
    usual = identification.preprocessing
    resize = round(side * usual.resize / usual.size)
    return photographs(replace(usual, size=side, resize=resize))


def _resized(batch: Tensor, side: int) -> Tensor:
    if batch.shape[-1] == side:
        return batch
    return interpolate(batch, size=(side, side), mode="bilinear", antialias=True)
