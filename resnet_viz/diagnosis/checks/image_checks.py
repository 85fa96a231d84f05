"""Tier 2: checks of a network's activations, gradients and predictions on photographs."""

import copy
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy

from resnet_viz.checkpoints.identifying.bn_consistency import Consistency, consistency
from resnet_viz.checkpoints.identifying.identification import Identification
from resnet_viz.core.number_format import readable
from resnet_viz.diagnosis.thresholds import earliest, graded, worst
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.records import CheckFinding, Severity
from resnet_viz.spec.layer_names import on_shortcut
from resnet_viz.spec.parts import PartKind
from resnet_viz.spec.plan import plan


@dataclass(frozen=True, eq=False)
class ImageMeasurements:
    """Measurements of a network on one batch of natural images.

    Parameters
    ----------
    scores
        Batch-normalisation consistency by layer.
    dead
        Share of channels that no image activates, by layer.
    largest
        Largest absolute activation by layer.
    gradients
        ||dL/dW|| by layer in training mode, where L is the mean cross-entropy with the network's
        own predictions as labels.
    logits
        Outputs in evaluation mode.
    train_logits
        Outputs in training mode.

    """

    scores: Mapping[str, float]
    dead: Mapping[str, float]
    largest: Mapping[str, float]
    gradients: Mapping[str, float]
    logits: Float[Tensor, "batch classes"]
    train_logits: Float[Tensor, "batch classes"]


def measure(
    network: ResNet, batch: Float[Tensor, "batch channel height width"]
) -> ImageMeasurements:
    """Run a batch in evaluation mode, and in training mode on a copy with a backward pass."""
    dead: dict[str, float] = {}
    largest: dict[str, float] = {}
    modules = dict(network.named_modules())
    activations = {
        name
        for parts in plan(network.spec).sequences()
        for name, part in parts.items()
        if part.kind is PartKind.ACTIVATION
    }

    def record(name: str, value: Tensor) -> Tensor:
        if name in modules and value.ndim == 4:
            largest[name] = float(value.abs().max())
        if name in activations and value.ndim == 4:
            dead[name] = float((value.amax((0, 2, 3)) <= 0).float().mean())
        return value

    with torch.no_grad():
        logits = network(batch, record)
    train_logits, gradients = _gradients(network, batch, logits.argmax(1))
    return ImageMeasurements(
        scores=consistency(network, batch).scores,
        dead=dead,
        largest=largest,
        gradients=gradients,
        logits=logits,
        train_logits=train_logits,
    )


def _gradients(
    network: ResNet, batch: Float[Tensor, "batch channel height width"], labels: Tensor
) -> tuple[Tensor, dict[str, float]]:
    copied = copy.deepcopy(network).train()
    named = {n: p for n, p in copied.named_parameters() if p.ndim > 1 and not on_shortcut(n)}
    with torch.enable_grad():
        logits = copied(batch)
        gradients = torch.autograd.grad(cross_entropy(logits, labels), list(named.values()))
    norms = {
        n.removesuffix(".weight"): float(g.norm()) for n, g in zip(named, gradients, strict=True)
    }
    return logits.detach(), norms


def image_findings(
    identification: Identification, measured: ImageMeasurements
) -> Iterator[CheckFinding]:
    """Yield the findings of every check that needs images but no labels."""
    file = identification.file
    if measured.scores and file.has_statistics:
        scores = (
            dict(list(measured.scores.items())[1:])
            if identification.input_scores
            else measured.scores
        )
        yield from worst("bn_consistency", scores)
        yield graded("bn_consistency_mean", Consistency(scores).mean)
    yield from _input(identification)
    yield from _kind(identification)
    if measured.dead:
        yield from worst("dead_units", measured.dead)
    yield from earliest("activation_range", measured.largest)
    if file.answers:
        yield from _predictions(measured, has_statistics=file.has_statistics)
    yield from _gradient_ratio(measured)


def _input(identification: Identification) -> Iterator[CheckFinding]:
    if not identification.input_scores:
        return
    score = identification.input_scores.get(
        identification.normalisation, min(identification.input_scores.values())
    )
    best = min(identification.input_scores, key=lambda name: identification.input_scores[name])
    yield graded("preprocessing", score, name=identification.normalisation, best=best)


def _kind(identification: Identification) -> Iterator[CheckFinding]:
    kinds = {name.partition("+")[0] for name in identification.scores}
    if len(kinds) < 2 and identification.kind_known:
        return
    named = [f"{name} {score:.2f}" for name, score in identification.scores.items()]
    scores = ", ".join(named) or "-"
    finding = graded("plain_or_residual", identification.confidence, scores=scores)
    if not identification.kind_known and finding.severity is Severity.OK:
        finding = graded("plain_or_residual", 0.5, scores=scores)
    yield finding


def _predictions(measured: ImageMeasurements, *, has_statistics: bool) -> Iterator[CheckFinding]:
    predictions = measured.logits.argmax(1)
    if measured.logits.shape[1] < 2 or len(predictions) < 4:
        return
    if not torch.isfinite(measured.logits).all():
        return  # the activation checks report it by layer
    agreement = float((predictions == measured.train_logits.argmax(1)).float().mean())
    if has_statistics:  # otherwise both modes measure the same photographs
        yield graded("train_eval", agreement)
    most_frequent = float(predictions.bincount().max() / len(predictions))
    yield graded("one_class", most_frequent, name=str(int(predictions.mode().values)))


def _gradient_ratio(measured: ImageMeasurements) -> Iterator[CheckFinding]:
    body = [norm for name, norm in measured.gradients.items() if name != "fc"]
    if len(body) < 3 or not all(map(math.isfinite, body)) or min(body[0], body[-1]) <= 0:
        return
    ratio = body[0] / body[-1]
    yield graded("gradient_ratio", max(ratio, 1 / ratio), ratio=readable(ratio))
