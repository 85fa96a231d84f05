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
    """Measure any classifier on a normalised batch in one forward and one backward pass.

    Let y be the logit of the target class and S the score (y or the loss). For every layer the
    result has the features A, the Grad-CAM ReLU(sum_k alpha_k A^k), where alpha_k is the mean of
    dy/dA^k over positions, and the norm ||dS/dA|| of each image.

    The network runs in its current mode, frozen or not, under ``no_grad`` or not, and is left as
    it was: flags, gradients, statistics, random state and hooks. Threads may share it.

    Parameters
    ----------
    network
        Any module; its output is logits (batch, classes) unless ``target`` is a function.
    images
        A normalised batch (batch, channel, height, width) on the network's device.
    target
        The class whose logit is y: one for all images, one per image, or None for each image's top
        class. A function output -> (batch,) defines y itself.
    layers
        Names to measure; None for every convolution, every block and the head. A module that runs
        n times has the names "name#1" to "name#n".
    score
        S of the gradient norms: the logit y, or the cross-entropy loss, which takes a second
        backward pass because the maps still need the logit.
    parameters
        Whether to measure ||dS/dW|| of every parameter too.
    gradients
        Whether to keep dy/dA, which ``class_activation_maps`` needs.

    Raises
    ------
    LayerError, TargetError, NetworkError
        An argument does not fit the network; the message says what does.

    References
    ----------
    Selvaraju 2017, arXiv 1610.02391, eq. 1 and 2.

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
        all_gradients = _gradients(captured, scores, weights)
    measured = _Pass(captured, scores, all_gradients, weights, len(images), gradients)
    return _record(network, measured, kind, batch_norm)


def grad_cam(
    network: nn.Module,
    images: Float[Tensor, "batch channel height width"],
    layer: str,
    *,
    target: Target = None,
) -> Float[np.ndarray, "batch h w"]:
    """Grad-CAM at one layer, after ReLU, unscaled, at the layer's own size.

    The backward pass stops at the layer. Arguments and errors as for ``analyze``.
    """
    return analyze(network, images, target=target, layers=[layer]).cams[layer]


def gradient_norms(
    network: nn.Module,
    images: Float[Tensor, "batch ..."],
    *,
    target: Target = None,
    score: Score | str = Score.LOSS,
) -> "pd.DataFrame":
    """Gradient norms of every convolution, every block and the head, one row per layer.

    The columns are those of ``Analysis.to_frame`` for the first image. Arguments and errors as for
    ``analyze``.
    """
    return analyze(network, images, target=target, score=score, parameters=True).to_frame()


@dataclass(frozen=True)
class _Scores:
    summed: Tensor  # S, summed over the batch
    logit: Tensor  # y, summed over the batch; the same tensor unless S is the loss
    logits: Tensor | None
    targets: Tensor | None


@dataclass(frozen=True)
class _Gradients:
    features: dict[str, Tensor]  # dS/dA
    logit: dict[str, Tensor]  # dy/dA
    parameters: dict[str, Tensor]  # dS/dW


def score_named(score: Score | str) -> Score:
    """A score by its name; ``OptionError`` lists the known ones."""
    try:
        return Score(score)
    except ValueError:
        known = ", ".join(Score)
        raise OptionError("option_unknown", option="score", value=score, known=known) from None


def _usable(network: nn.Module) -> nn.Module:
    """The network, or a copy if its weights were created under ``torch.inference_mode``."""
    first = next(network.parameters(), None)
    if first is None or not first.is_inference():
        return network
    with torch.inference_mode(False):
        return copy.deepcopy(network)


def check_images(network: nn.Module, images: Tensor) -> None:
    """Raise ``NetworkError`` for images that the network cannot take."""
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
        image_type, weight_type = (str(t.dtype).removeprefix("torch.") for t in (images, weight))
        raise NetworkError("images_precision", given=image_type, network=weight_type)
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
    detached = {  # no gradient reaches these
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
        {name: (of_score | detached)[name] for name in order},
        {name: (of_logit | detached)[name] for name in order},
        of_weights,
    )


def _grad(scalar: Tensor, inputs: list[Tensor], *, keep_graph: bool = False) -> list[Tensor]:
    """The gradient of ``scalar`` for each input; zero if it does not depend on the input."""
    once = list({id(value): value for value in inputs}.values())
    if not once:
        return []
    gradients = torch.autograd.grad(scalar, once, retain_graph=keep_graph, materialize_grads=True)
    by_id = {id(value): gradient for value, gradient in zip(once, gradients, strict=True)}
    return [by_id[id(value)] for value in inputs]


@dataclass(frozen=True)
class _Pass:
    captured: Capture
    scores: _Scores
    gradients: _Gradients
    weights: dict[str, Tensor]
    images: int
    keep_gradients: bool  # whether the record holds dy/dA


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
            activation_gradients=_by_layer(gradients.logit if measured.keep_gradients else {}),
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
