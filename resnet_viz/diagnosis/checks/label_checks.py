"""Tier 3: accuracy, calibration, confusions and robustness on labelled images."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from resnet_viz.checkpoints.identifying.identification import Identification
from resnet_viz.core.number_format import readable
from resnet_viz.diagnosis.answers import FEWEST, Answers, best_order
from resnet_viz.diagnosis.checks.judged_images import SHOWN, judged, top_losses
from resnet_viz.diagnosis.checks.known_checks import order_case, order_words
from resnet_viz.diagnosis.checks.mislabelled import suspected
from resnet_viz.diagnosis.checks.robustness import MOST_IMAGES, STRENGTHS, robustness
from resnet_viz.diagnosis.thresholds import graded
from resnet_viz.diagnosis.user_images import OwnImages
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.preprocess import Preprocessing, normalise
from resnet_viz.records import (
    ChangedAccuracy,
    CheckFinding,
    ConfusedPair,
    DiagnosisPart,
    Labelled,
)

_BATCH_PIXELS = 250 * 32 * 32  # pixels per batch
_BINS = 15  # Guo 2017 (arXiv 1706.04599), sec. 2
_FEW = 50  # images; with fewer a calibration error is noise
_MOST_PAIRS = 5  # confused pairs that are listed
_SHARPEST = 16.0  # ln(1 / T): temperatures from 1e-7 to 1e7
_HALVINGS = 60  # of the search for the temperature: more than a double can tell apart


@dataclass(frozen=True, eq=False)
class LabelledStep:
    """Progress of a part, between 0 and 1, and the results so far; None before the first."""

    part: DiagnosisPart
    share: float
    results: Labelled | None = None


def labelled_steps(identification: Identification, images: OwnImages) -> Iterator[LabelledStep]:
    """Evaluate a network on labelled images, part by part.

    Each step has all results so far. There are no results if a logit is not finite.
    """
    assert images.labels is not None
    network, labels = identification.network, images.labels
    parts = []
    for share, part in _logits(network, images.pixels, images.preprocessing):
        parts.append(part)
        if share < 1:
            yield LabelledStep(DiagnosisPart.LABELS, share)
    logits = torch.cat(parts)
    if not torch.isfinite(logits).all():
        return
    results = labelled(logits, labels, identification.classes)
    if len(labels) >= _FEW:
        suspects, likely_classes = suspected(logits, labels)
        shown = judged(images, logits, suspects[:SHOWN], likely_classes[:SHOWN])
        results = replace(results, suspected=len(suspects), suspects=shown)
    yield LabelledStep(DiagnosisPart.LOSSES, 0, results)
    layer, losses = top_losses(network, images, logits)
    results = replace(results, losses=losses, cam_layer=layer)
    yield LabelledStep(DiagnosisPart.ROBUSTNESS, 0, results)
    for share, row in _robustness(network, images):
        results = replace(results, robustness=(*results.robustness, row))
        yield LabelledStep(DiagnosisPart.ROBUSTNESS, share, results)


def _robustness(network: ResNet, images: OwnImages) -> Iterator[tuple[float, ChangedAccuracy]]:
    labels, step = images.labels, max(1, len(images.pixels) // MOST_IMAGES)
    assert labels is not None
    truth = labels[::step][:MOST_IMAGES]

    def accuracy(pixels: UInt8[Tensor, "n channels size size"]) -> float:
        parts = [part for _, part in _logits(network, pixels, images.preprocessing)]
        return float((torch.cat(parts).argmax(1) == truth).double().mean())

    yield from robustness(images.pixels[::step][:MOST_IMAGES], accuracy)


def labelled(
    logits: Float[Tensor, "n classes"], labels: Int64[Tensor, " n"], classes: tuple[str, ...]
) -> Labelled:
    """Compute accuracy, recall, confusions and calibration.

    Parameters
    ----------
    logits
        The network's outputs, (n, classes).
    labels
        Class indices, (n,).
    classes
        Class names, in the order of the outputs.

    Returns
    -------
    Labelled
        The calibration error is ECE = sum over bins of (images in the bin / n) |accuracy - mean
        confidence|, with 15 equal bins of confidence (Guo 2017, arXiv 1706.04599, eq. 3). The
        temperature T minimises the cross-entropy of logits / T.

    """
    from sklearn.metrics import confusion_matrix, recall_score

    predictions, truth = logits.argmax(1).numpy(), labels.numpy()
    numbers = list(range(len(classes)))
    recall = recall_score(truth, predictions, labels=numbers, average=None, zero_division=np.nan)
    temperature = _temperature(logits, labels)
    bins, scaled = _reliability(logits, labels), _reliability(logits / temperature, labels)
    confusion = confusion_matrix(truth, predictions, labels=numbers)
    return Labelled(
        images=len(labels),
        classes=classes,
        accuracy=float((predictions == truth).mean()),
        recall=tuple(float(value) for value in recall),
        confusion=tuple(map(tuple, confusion.tolist())),
        calibration_error=_error(bins, len(labels)),
        calibration_error_scaled=_error(scaled, len(labels)),
        temperature=temperature,
        reliability=bins,
        reliability_scaled=scaled,
        pairs=_pairs(confusion),
    )


def _pairs(confusion: Int64[np.ndarray, "classes classes"]) -> tuple[ConfusedPair, ...]:
    """The cells off the diagonal of the confusion matrix with the most images."""
    wrong = confusion - np.diag(np.diag(confusion))
    of_class = confusion.sum(1)
    ranked = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_PAIRS]
    cells = [divmod(int(place), len(wrong)) for place in ranked]
    return tuple(
        ConfusedPair(i, j, int(wrong[i, j]), float(wrong[i, j] / of_class[i]))
        for i, j in cells
        if wrong[i, j]
    )


def _logits(
    network: ResNet,
    pixels: UInt8[Tensor, "n channels size size"],
    preprocessing: Preprocessing,
) -> Iterator[tuple[float, Tensor]]:
    """Yield the logits of each batch with the share of images that is done."""
    batch_size = max(1, _BATCH_PIXELS // pixels.shape[-1] ** 2)
    for start in range(0, len(pixels), batch_size):
        part = normalise(pixels[start : start + batch_size], preprocessing)
        with torch.no_grad():
            yield min(1.0, (start + batch_size) / len(pixels)), network(part)


def _temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature of the least cross-entropy, at any distance from 1.

    In a = 1 / T the cross-entropy is convex, so its slope, the mean of sum_k p_k z_k - z_label,
    has one zero. Logits that get every label right have none; there the sharpest temperature that
    a float can tell apart is returned.
    """
    exact = logits.double()
    exact = exact - exact.amax(1, keepdim=True)
    own = exact.gather(1, labels[:, None])[:, 0]

    def falls(log_a: float) -> bool:
        mean = ((exact * math.exp(log_a)).softmax(1) * exact).sum(1)
        return bool((mean - own).mean() < 0)

    low, high = -1.0, 1.0
    while falls(high) and high < _SHARPEST:
        high *= 2
    while not falls(low) and low > -_SHARPEST:
        low *= 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if falls(middle) else (low, middle)
    return math.exp(-(low + high) / 2)


def _reliability(logits: Tensor, labels: Tensor) -> tuple[tuple[float, float, int], ...]:
    """(mean confidence, accuracy, number of images) of each bin that is not empty."""
    confidence, predictions = logits.softmax(1).max(1)
    correct = (predictions == labels).double()
    bin_of_image = (confidence * _BINS).long().clamp(0, _BINS - 1)
    rows = []
    for number in range(_BINS):
        in_bin = bin_of_image == number
        if in_bin.any():
            rows.append(
                (float(confidence[in_bin].mean()), float(correct[in_bin].mean()), int(in_bin.sum()))
            )
    return tuple(rows)


def _error(bins: tuple[tuple[float, float, int], ...], images: int) -> float:
    return sum(count / images * abs(right - sure) for sure, right, count in bins)


def answers_of(measured: Labelled) -> Answers:
    """The answers to labelled images, and the best order of their classes."""
    counts = np.array(measured.confusion, dtype=float)
    renamed, order = best_order(counts)
    if measured.images < FEWEST:
        renamed, order = measured.accuracy, tuple(range(len(measured.classes)))
    sure = sum(sure * count for sure, _, count in measured.reliability) / measured.images
    return Answers(
        measured.images, measured.accuracy, None, max(renamed, measured.accuracy), order, sure
    )


def labelled_findings(measured: Labelled, folders: tuple[str, ...] = ()) -> Iterator[CheckFinding]:
    """Yield the findings on labelled images; some checks need at least ``_FEW`` images.

    ``folders`` are the names of the images' classes, in the order of the labels.
    """
    yield graded("accuracy", measured.accuracy, note=True, images=str(measured.images),
                 share=f"{measured.accuracy:.2%}")  # fmt: skip
    if measured.images >= _FEW:
        yield _recall(measured)
        yield graded(
            "calibration",
            measured.calibration_error,
            scaled=readable(measured.calibration_error_scaled),
            temperature=f"{measured.temperature:.2f}",
        )
        yield _wrong_labels(measured)
    yield _order(measured, folders)
    if measured.pairs:
        yield _most_confused(measured)
    if len(measured.robustness) > 1 and measured.images >= _FEW:
        yield _weakest(measured)


def _wrong_labels(measured: Labelled) -> CheckFinding:
    share = measured.suspected / measured.images
    return graded("wrong_labels", share, note=measured.suspected > 0,
                  count=str(measured.suspected), images=str(measured.images))  # fmt: skip


def _most_confused(measured: Labelled) -> CheckFinding:
    pair, errors = measured.pairs[0], round((1 - measured.accuracy) * measured.images)
    return graded(
        "confused_pair",
        pair.share,
        note=True,
        truth=measured.classes[pair.truth],
        answer=measured.classes[pair.answer],
        count=str(pair.images),
        errors=str(errors),
    )


def _weakest(measured: Labelled) -> CheckFinding:
    """The mild change that reduces accuracy most."""
    unchanged = measured.robustness[0].accuracy
    mild = [r for r in measured.robustness[1:] if r.strength == STRENGTHS[r.change][0]]
    weakest = min(mild, key=lambda row: row.accuracy)
    return graded(
        "robustness",
        max(0.0, unchanged - weakest.accuracy),
        name=weakest.change,
        before=f"{unchanged:.1%}",
        after=f"{weakest.accuracy:.1%}",
    )


def _recall(measured: Labelled) -> CheckFinding:
    """The lowest recall of a class, relative to the mean recall."""
    recalls = {i: r for i, r in enumerate(measured.recall) if not math.isnan(r)}
    mean = sum(recalls.values()) / len(recalls)
    lowest = min(recalls, key=lambda i: recalls[i])
    ratio = recalls[lowest] / mean if mean else 1.0  # of no class anything is found
    return graded("recall", ratio, name=measured.classes[lowest], share=f"{recalls[lowest]:.1%}")


def _order(measured: Labelled, folders: tuple[str, ...]) -> CheckFinding:
    """The accuracy that the best reordering of the classes would add (assignment problem)."""
    counts = np.array(measured.confusion, dtype=float)
    renamed, order = best_order(counts)
    known = replace(answers_of(measured), renamed=renamed, order=order)
    gained = max(renamed - measured.accuracy, 0.0)
    case = order_case(known, folders or measured.classes) if gained else ""
    return graded("label_order", gained, case="" if case == "order" else case,
                  note=False, **order_words(known, measured.classes))  # fmt: skip
