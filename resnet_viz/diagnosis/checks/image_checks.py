"""Tier 2: what the network does with photographs."""

import copy
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy

from resnet_viz.checkpoints.identifying.bn_consistency import Consistency, consistency
from resnet_viz.checkpoints.identifying.identify import Identification
from resnet_viz.diagnosis.thresholds import earliest, graded, worst
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.records import CheckFinding, Severity
from resnet_viz.spec.layer_names import on_shortcut
from resnet_viz.spec.parts import PartKind
from resnet_viz.spec.plan import plan


@dataclass(frozen=True, eq=False)
class ImageMeasurements:
    """One network on one batch of natural images.

    By layer: ``scores`` (BN consistency), ``dead`` (share of channels that no image activates),
    ``largest`` (absolute activation), ``gradients`` (||dL/dW||, L the mean cross-entropy with the
    network's own answers, batch statistics). ``logits`` are those of evaluation mode.
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
    """Two passes, one in each mode, and one backward pass; the network stays as it is."""
    dead: dict[str, float] = {}
    largest: dict[str, float] = {}
    last = dict(network.named_modules())
    activations = {
        name
        for parts in plan(network.spec).sequences()
        for name, part in parts.items()
        if part.kind is PartKind.ACTIVATION
    }

    def see(name: str, value: Tensor) -> Tensor:
        if name in last and value.ndim == 4:
            largest[name] = float(value.abs().max())
        if name in activations and value.ndim == 4:
            dead[name] = float((value.amax((0, 2, 3)) <= 0).float().mean())
        return value

    with torch.no_grad():
        logits = network(batch, see)
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
    network: ResNet, batch: Float[Tensor, "batch channel height width"], answers: Tensor
) -> tuple[Tensor, dict[str, float]]:
    copied = copy.deepcopy(network).train()
    named = {n: p for n, p in copied.named_parameters() if p.ndim > 1 and not on_shortcut(n)}
    with torch.enable_grad():
        logits = copied(batch)
        found = torch.autograd.grad(cross_entropy(logits, answers), list(named.values()))
    norms = {n.removesuffix(".weight"): float(g.norm()) for n, g in zip(named, found, strict=True)}
    return logits.detach(), norms


def image_findings(found: Identification, measured: ImageMeasurements) -> Iterator[CheckFinding]:
    """Every check that needs images and no labels."""
    if measured.scores:
        rest = dict(list(measured.scores.items())[1:]) if found.input_scores else measured.scores
        yield from worst("bn_consistency", rest)
        yield graded("bn_consistency_mean", Consistency(rest).mean)
    yield from _input(found)
    yield from _kind(found)
    if measured.dead:
        yield from worst("dead_units", measured.dead)
    yield from earliest("activation_range", measured.largest)
    yield from _predictions(measured)
    yield from _gradient_ratio(measured)


def _input(found: Identification) -> Iterator[CheckFinding]:
    if not found.input_scores:
        return
    score = found.input_scores.get(found.normalisation, min(found.input_scores.values()))
    best = min(found.input_scores, key=lambda name: found.input_scores[name])
    yield graded("preprocessing", score, name=found.normalisation, best=best)


def _kind(found: Identification) -> Iterator[CheckFinding]:
    if len(found.scores) < 2:
        return
    scores = ", ".join(f"{name} {score:.2f}" for name, score in found.scores.items())
    finding = graded("plain_or_residual", found.confidence, scores=scores)
    if not found.sure and finding.severity is Severity.OK:
        finding = graded("plain_or_residual", 1 / len(found.scores), scores=scores)
    yield finding


def _predictions(measured: ImageMeasurements) -> Iterator[CheckFinding]:
    answers = measured.logits.argmax(1)
    if measured.logits.shape[1] < 2 or len(answers) < 4:
        return
    if not torch.isfinite(measured.logits).all():
        return  # said already, by layer
    agreement = float((answers == measured.train_logits.argmax(1)).float().mean())
    yield graded("train_eval", agreement)
    often = float(answers.bincount().max() / len(answers))
    yield graded("one_class", often, name=str(int(answers.mode().values)))


def _gradient_ratio(measured: ImageMeasurements) -> Iterator[CheckFinding]:
    body = [norm for name, norm in measured.gradients.items() if name != "fc"]
    if len(body) < 3 or not all(map(math.isfinite, body)) or min(body[0], body[-1]) <= 0:
        return
    ratio = body[0] / body[-1]
    yield graded("gradient_ratio", max(ratio, 1 / ratio), ratio=f"{ratio:.3g}")
