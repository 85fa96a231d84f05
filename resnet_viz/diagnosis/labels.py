"""Tier 3: what labelled images say. Accuracy, recall, confusion, calibration."""

import math
from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import cross_entropy

from resnet_viz.checkpoints.topology import Identification
from resnet_viz.diagnosis.pictures import OwnImages
from resnet_viz.diagnosis.thresholds import graded
from resnet_viz.images import normalise
from resnet_viz.networks.resnet import ResNet
from resnet_viz.records import CheckFinding, Labelled

_BATCH = 250
_BINS = 15  # Guo 2017 (arXiv 1706.04599), sec. 2
_FEW = 50  # images; with fewer a calibration error is noise
_TEMPERATURES = torch.logspace(-1.3, 1.3, 131)  # 0.05 to 20, in steps of 4.7 %


def labelled_findings(
    found: Identification, images: OwnImages
) -> tuple[Labelled, list[CheckFinding]]:
    """What the network answers on labelled images, and what is odd about it."""
    assert images.labels is not None
    logits = _logits(found.network, images)
    measured = labelled(logits, images.labels, found.classes)
    return measured, list(_findings(measured))


def labelled(
    logits: Float[Tensor, "n classes"], labels: Int64[Tensor, " n"], classes: tuple[str, ...]
) -> Labelled:
    """All figures of tier 3 from logits and labels.

    ECE = sum over bins of (images of the bin / n) |accuracy - mean confidence|, in 15 equal bins
    of confidence (Guo 2017, eq. 3); the temperature T minimises the loss of logits / T.
    """
    from sklearn.metrics import confusion_matrix, recall_score

    answers, truth = logits.argmax(1).numpy(), labels.numpy()
    numbers = list(range(len(classes)))
    recall = recall_score(truth, answers, labels=numbers, average=None, zero_division=np.nan)
    temperature = _temperature(logits, labels)
    bins = _reliability(logits, labels)
    return Labelled(
        images=len(labels),
        classes=classes,
        accuracy=float((answers == truth).mean()),
        recall=tuple(float(value) for value in recall),
        confusion=tuple(map(tuple, confusion_matrix(truth, answers, labels=numbers).tolist())),
        calibration_error=_error(bins, len(labels)),
        calibration_error_scaled=_error(_reliability(logits / temperature, labels), len(labels)),
        temperature=temperature,
        reliability=bins,
    )


def _logits(network: ResNet, images: OwnImages) -> Tensor:
    with torch.no_grad():
        return torch.cat(
            [
                network(normalise(images.pixels[i : i + _BATCH], images.preprocessing))
                for i in range(0, len(images.pixels), _BATCH)
            ]
        )


def _temperature(logits: Tensor, labels: Tensor) -> float:
    losses = torch.stack([cross_entropy(logits / t, labels) for t in _TEMPERATURES])
    return float(_TEMPERATURES[losses.argmin()])


def _reliability(logits: Tensor, labels: Tensor) -> tuple[tuple[float, float, int], ...]:
    """(mean confidence, accuracy, images) of each bin that is not empty."""
    confidence, answers = logits.softmax(1).max(1)
    right = (answers == labels).double()
    place = (confidence * _BINS).long().clamp(0, _BINS - 1)
    rows = []
    for number in range(_BINS):
        own = place == number
        if own.any():
            rows.append((float(confidence[own].mean()), float(right[own].mean()), int(own.sum())))
    return tuple(rows)


def _error(bins: tuple[tuple[float, float, int], ...], images: int) -> float:
    return sum(count / images * abs(right - sure) for sure, right, count in bins)


def _findings(measured: Labelled) -> Iterator[CheckFinding]:
    yield graded("accuracy", measured.accuracy, note=True, images=str(measured.images),
                 share=f"{measured.accuracy:.2%}")  # fmt: skip
    if measured.images >= _FEW:
        yield _recall(measured)
        yield graded(
            "calibration",
            measured.calibration_error,
            scaled=f"{measured.calibration_error_scaled:.3g}",
            temperature=f"{measured.temperature:.2f}",
        )
    yield _order(measured)


def _recall(measured: Labelled) -> CheckFinding:
    """The class that is found least, against the mean of all."""
    known = {i: r for i, r in enumerate(measured.recall) if not math.isnan(r)}
    mean = sum(known.values()) / len(known)
    lowest = min(known, key=lambda i: known[i])
    ratio = known[lowest] / mean if mean else float("nan")
    return graded("recall", ratio, name=measured.classes[lowest], share=f"{known[lowest]:.1%}")


def _order(measured: Labelled) -> CheckFinding:
    """What accuracy the best renaming of the classes would add (the assignment problem)."""
    from scipy.optimize import linear_sum_assignment

    counts = np.array(measured.confusion)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    best = counts[rows, columns].sum() / max(measured.images, 1)
    gained = float(best - measured.accuracy)
    moved = [(i, j) for i, j in zip(rows, columns, strict=True) if i != j]
    shown = ", ".join(f"{measured.classes[i]} → {measured.classes[j]}" for i, j in moved[:3])
    return graded("label_order", max(gained, 0.0), share=f"{best:.1%}", pairs=shown or "-")
