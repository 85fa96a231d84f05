"""Tier 2: checks of a network's activations, gradients and predictions on photographs."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy

from resnet_viz.checkpoints.identifying.identification import Identification
from resnet_viz.checkpoints.running_statistics import Remeasured, own_statistics
from resnet_viz.core.number_format import readable
from resnet_viz.diagnosis.answers import Answers
from resnet_viz.diagnosis.checks.statistics_checks import Mismatch, mismatch, statistics_findings
from resnet_viz.diagnosis.thresholds import earliest, graded, worst
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.records import CheckFinding, Severity
from resnet_viz.spec import NetworkSpec
from resnet_viz.spec.layer_names import on_shortcut
from resnet_viz.spec.parts import PartKind
from resnet_viz.spec.plan import plan

_MOST_GRADIENTS = 16  # images of the backward pass, which keeps every activation
_FEWEST_GRADIENTS = 4  # large images, whose many positions normalise as well as many images
_PIXELS_OF_GRADIENTS = 16 * 64 * 64


@dataclass(frozen=True, eq=False)
class ImageMeasurements:
    """Measurements of a network on one batch of natural images.

    Parameters
    ----------
    statistics
        The layers' running statistics compared with the batch.
    dead
        Share of channels that no image activates, by layer.
    largest
        Largest absolute activation by layer.
    gradients
        ||dL/dW|| by layer in training mode, where L is the mean cross-entropy with the network's
        own predictions as labels.
    logits
        Outputs in evaluation mode.

    """

    statistics: Mismatch
    dead: Mapping[str, float]
    largest: Mapping[str, float]
    gradients: Mapping[str, float]
    logits: Float[Tensor, "batch classes"]

    @property
    def scores(self) -> Mapping[str, float]:
        """Batch-normalisation consistency by layer."""
        return self.statistics.scores


def measure(
    network: ResNet,
    batch: Float[Tensor, "batch channel height width"],
    known: Remeasured | None = None,
) -> ImageMeasurements:
    """Run a batch in evaluation mode, and in training mode with a backward pass.

    ``known`` are statistics of some batch, which save a pass if it is this one.
    """
    dead: dict[str, float] = {}
    largest: dict[str, float] = {}
    modules = dict(network.named_modules())
    activations = activation_names(network.spec)

    def record(name: str, value: Tensor) -> Tensor:
        if name in modules and value.ndim == 4:
            largest[name] = float(torch.stack(torch.aminmax(value)).abs().max())
        if name in activations and value.ndim == 4:
            dead[name] = float((value.amax((0, 2, 3)) <= 0).float().mean())
        return value

    with torch.no_grad():
        logits = network(batch, record)
    affordable = _PIXELS_OF_GRADIENTS // batch[0, 0].numel()
    few = batch[: min(_MOST_GRADIENTS, max(_FEWEST_GRADIENTS, affordable))]
    return ImageMeasurements(
        statistics=mismatch(network, batch, known),
        dead=dead,
        largest=largest,
        gradients=_gradients(network, few, logits[: len(few)].argmax(1)),
        logits=logits,
    )


def activation_names(spec: NetworkSpec) -> set[str]:
    """Return the names of a network's activations."""
    return {
        name
        for parts in plan(spec).sequences()
        for name, part in parts.items()
        if part.kind is PartKind.ACTIVATION
    }


def _gradients(
    network: ResNet, batch: Float[Tensor, "batch channel height width"], labels: Tensor
) -> dict[str, float]:
    named = {n: p for n, p in network.named_parameters() if p.ndim > 1 and not on_shortcut(n)}
    with own_statistics(network), torch.enable_grad():
        network.train()
        loss = cross_entropy(network(batch), labels)
        gradients = torch.autograd.grad(loss, list(named.values()))
    return {
        n.removesuffix(".weight"): float(g.norm()) for n, g in zip(named, gradients, strict=True)
    }


def image_findings(
    identification: Identification, measured: ImageMeasurements, known: Answers | None
) -> Iterator[CheckFinding]:
    """Yield the findings of every check that needs images but no labels.

    ``known`` are answers to pictures of known classes, if there are some.
    """
    file = identification.file
    if measured.scores and file.has_statistics:
        yield from statistics_findings(measured.statistics, known)
    yield from _input(identification)
    yield from _kind(identification)
    if measured.dead:
        yield from worst("dead_units", measured.dead)
    yield from earliest("activation_range", measured.largest)
    if file.answers:
        yield from _predictions(measured, has_statistics=file.has_statistics)
    yield from _gradient_ratio(measured)


def _input(identification: Identification) -> Iterator[CheckFinding]:
    scores = {n: s for n, s in identification.input_scores.items() if not math.isnan(s)}
    if not scores:
        return
    best = min(scores, key=lambda name: scores[name])
    used = identification.normalisation
    score = scores.get(used, scores[best])
    case = "none" if used in (best, "described", "file") or score <= scores[best] else ""
    yield graded("preprocessing", score, case=case, name=used, best=best,
                 fit=f"{scores[best]:.2f}")  # fmt: skip


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
    agreement = float((predictions == measured.statistics.logits.argmax(1)).float().mean())
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
