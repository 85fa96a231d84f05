"""One forward and one backward: features, Grad-CAM and gradient norms of every layer."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from resnet_viz.core.errors import NetworkError, OptionError, TargetError
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.probe.cam import grad_cams
from resnet_viz.probe.capture import Capture, capture, unwrapped
from resnet_viz.probe.gradient_norms import norms, norms_per_image
from resnet_viz.probe.isolation import untouched
from resnet_viz.probe.targets import Target, classes_of, logits_of, scores_from
from resnet_viz.records import Analysis, BatchNormMode, ByLayer, Score

if TYPE_CHECKING:
    import pandas as pd


def analyze(
    network: nn.Module,
    images: Float[Tensor, "batch ..."],
    *,
    target: Target = None,
    layers: Sequence[str] | None = None,
    score: Score | str = Score.LOGIT,
    parameters: bool = False,
    gradients: bool = False,
) -> Analysis:
    """Measure any classifier on a normalised batch (batch, channel, height, width).

    One forward pass, then one backward pass from the target logits to all ``layers`` at once:
    features A, Grad-CAM ReLU(sum_k alpha_k A^k) with alpha_k = mean of dy/dA^k, and the norms
    ||dS/dA||. ``score`` names S; with "loss" (cross-entropy) the maps still need the logit, which
    takes a second backward pass. ``parameters`` adds ||dS/dW|| of every parameter to the same
    backward pass. ``gradients`` keeps dy/dA itself, from which every other map of the CAM family
    follows without a further pass (``class_activation_maps``).

    ``target`` is a class, one class an image, a function output -> (batch,) scores, or None for
    each image's own top class. ``layers`` defaults to every convolution, every block and the
    head; a module that runs n times is found as "name#1" to "name#n".

    The network runs in the mode it is in, frozen or not, under ``no_grad`` or not, and is left as
    it was: flags, gradients, statistics, random state and hooks. Threads may share it.

    Raises ``LayerError``, ``TargetError`` or ``NetworkError``, each with its cure.
    Source: Selvaraju et al. 2017 (arXiv 1610.02391), eq. 1 and 2.
    """
    network = _usable(unwrapped(network))
    kind = score_named(score)
    check_images(network, images)
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        untouched(network, needs_gradients=parameters) as batch_norm,
    ):
        inputs = images.detach().clone().requires_grad_()
        captured = capture(network, inputs.clone(), layers)  # it may be normalised in place
        scores = _scores(captured.output, target, kind, len(images))
        weights = _differentiable_parameters(network) if parameters else {}
        found = _gradients(captured, scores, weights)
    measured = _Pass(captured, scores, found, weights, len(images), gradients)
    return _record(network, measured, kind, batch_norm)


def grad_cam(
    network: nn.Module,
    images: Float[Tensor, "batch channel height width"],
    layer: str,
    *,
    target: Target = None,
) -> Float[np.ndarray, "batch h w"]:
    """Grad-CAM at one layer, after ReLU, unscaled, at the layer's own size.

    One forward pass, and a backward pass no further down than the layer. Arguments and errors as
    for ``analyze``.
    """
    return analyze(network, images, target=target, layers=[layer]).cams[layer]


def gradient_norms(
    network: nn.Module,
    images: Float[Tensor, "batch ..."],
    *,
    target: Target = None,
    score: Score | str = Score.LOSS,
) -> "pd.DataFrame":
    """Gradient norms of every convolution, block and the head, one row a layer.

    Columns as in ``Analysis.to_frame`` for the first image; ``score`` is the loss unless told
    otherwise. Arguments and errors as for ``analyze``.
    """
    return analyze(network, images, target=target, score=score, parameters=True).to_frame()


@dataclass(frozen=True)
class _Scores:
    summed: Tensor  # S, summed over the batch
    logit: Tensor  # what the maps are of; the same tensor unless S is the loss
    logits: Tensor | None
    targets: Tensor | None


@dataclass(frozen=True)
class _Gradients:
    features: dict[str, Tensor]  # dS/dA
    logit: dict[str, Tensor]  # dy/dA
    parameters: dict[str, Tensor]  # dS/dW


def score_named(score: Score | str) -> Score:
    """A score by its name; ``OptionError`` lists those there are."""
    try:
        return Score(score)
    except ValueError:
        known = ", ".join(Score)
        raise OptionError("option_unknown", option="score", value=score, known=known) from None


def _usable(network: nn.Module) -> nn.Module:
    """The network, or a copy where its weights were made under ``torch.inference_mode``."""
    first = next(network.parameters(), None)
    if first is None or not first.is_inference():
        return network
    with torch.inference_mode(False):
        return copy.deepcopy(network)


def check_images(network: nn.Module, images: Tensor) -> None:
    """Raise ``NetworkError`` with its cure unless the network can take the images."""
    if not images.is_floating_point():
        kind = str(images.dtype).removeprefix("torch.")
        raise NetworkError("images_not_float", given=kind)
    shape = tuple(images.shape)
    one_picture = images.ndim == 3 and any(isinstance(m, nn.Conv2d) for m in network.modules())
    if images.ndim < 2 or one_picture or not len(images):
        raise NetworkError("images_no_batch", given=shape)
    weight = next((p for p in network.parameters() if p.is_floating_point()), images)
    if images.device != weight.device:
        raise NetworkError("images_device", given=str(images.device), network=str(weight.device))
    if images.dtype != weight.dtype and not torch.is_autocast_enabled(images.device.type):
        given, wanted = (str(t.dtype).removeprefix("torch.") for t in (images, weight))
        raise NetworkError("images_precision", given=given, network=wanted)
    if isinstance(network, ResNet):
        channels = network.spec.input_channels
        if images.ndim != 4 or images.shape[1] != channels:
            raise NetworkError("images_channels", given=shape, channels=channels)


def _scores(output: object, target: Target, kind: Score, count: int) -> _Scores:
    if callable(target):
        if kind is Score.LOSS:
            raise TargetError("target_loss_function")
        summed = scores_from(target, output, count).sum()
        plain = output if isinstance(output, Tensor) and output.ndim == 2 else None
        return _Scores(summed, summed, plain, None)
    logits = logits_of(output)
    if not logits.requires_grad:
        raise NetworkError("network_detached")
    classes = classes_of(target, logits)
    logit = logits.gather(1, classes.unsqueeze(1)).sum()
    loss = cross_entropy(logits, classes, reduction="sum") if kind is Score.LOSS else logit
    return _Scores(loss, logit, logits, classes)


def _differentiable_parameters(network: nn.Module) -> dict[str, Tensor]:
    return {name: p for name, p in network.named_parameters() if p.requires_grad}


def _gradients(captured: Capture, scores: _Scores, weights: dict[str, Tensor]) -> _Gradients:
    features = {n: v for n, v in captured.values.items() if v.requires_grad}
    cut_off = {  # no gradient reaches what was detached
        n: torch.zeros_like(v, dtype=v.dtype if v.is_floating_point() else torch.float32)
        for n, v in captured.values.items()
        if not v.requires_grad
    }
    two_passes = scores.logit is not scores.summed
    both = _grad(scores.summed, [*features.values(), *weights.values()], keep_graph=two_passes)
    of_score = dict(zip(features, both, strict=False))
    of_logit = of_score
    if two_passes:
        of_logit = dict(zip(features, _grad(scores.logit, list(features.values())), strict=True))
    of_weights = dict(zip(weights, both[len(features) :], strict=True))
    order = captured.values
    return _Gradients(
        {name: (of_score | cut_off)[name] for name in order},
        {name: (of_logit | cut_off)[name] for name in order},
        of_weights,
    )


def _grad(scalar: Tensor, inputs: list[Tensor], *, keep_graph: bool = False) -> list[Tensor]:
    """D scalar / d input for each; zero where the scalar does not depend on it."""
    once = list({id(value): value for value in inputs}.values())
    if not once:
        return []
    found = torch.autograd.grad(scalar, once, retain_graph=keep_graph, materialize_grads=True)
    by_id = {id(value): gradient for value, gradient in zip(once, found, strict=True)}
    return [by_id[id(value)] for value in inputs]


@dataclass(frozen=True)
class _Pass:
    captured: Capture
    scores: _Scores
    gradients: _Gradients
    weights: dict[str, Tensor]
    images: int
    kept: bool  # whether the record is to hold dy/dA


def _record(
    network: nn.Module, measured: _Pass, kind: Score, batch_norm: BatchNormMode
) -> Analysis:
    captured, scores = measured.captured, measured.scores
    gradients, weights = measured.gradients, measured.weights
    maps = [name for name, value in gradients.logit.items() if value.ndim == 4]
    with torch.no_grad():
        alphas, cams = grad_cams(
            [captured.values[name] for name in maps], [gradients.logit[name] for name in maps]
        )
        parameter_gradients = norms(list(gradients.parameters.values())) / measured.images
        return Analysis(
            network=network.spec.name if isinstance(network, ResNet) else type(network).__name__,
            score=kind,
            batch_norm=batch_norm,
            features=_by_layer(captured.values),
            cams=_by_layer(dict(zip(maps, cams, strict=True))),
            cam_weights=_by_layer(dict(zip(maps, alphas, strict=True))),
            activation_gradient_norms=_by_layer(
                {name: norms_per_image(value) for name, value in gradients.features.items()}
            ),
            parameter_gradient_norms=_by_name(weights, parameter_gradients),
            parameter_norms=_by_name(weights, norms(list(weights.values()))),
            logits=None if scores.logits is None else _array(scores.logits),
            targets=None if scores.targets is None else _array(scores.targets),
            activation_gradients=_by_layer(gradients.logit if measured.kept else {}),
        )


def _by_layer(values: dict[str, Tensor]) -> ByLayer[np.ndarray]:
    return ByLayer({name: _array(value) for name, value in values.items()})


def _by_name(names: dict[str, Tensor], values: Tensor) -> Mapping[str, float]:
    return MappingProxyType(dict(zip(names, values.tolist(), strict=True)))


def _array(value: Tensor) -> np.ndarray:
    value = value.detach()
    if value.dtype in (torch.bfloat16, torch.float16):
        value = value.float()
    array = value.cpu().numpy()
    array.setflags(write=False)
    return array
