"""One forward and one backward: features, Grad-CAM and gradient norms of every layer."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.core.errors import NetworkError, OptionError, TargetError
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.probe.cam import grad_cams
from resnet_viz.probe.capture import Capture, capture
from resnet_viz.probe.gradient_norms import (
    computed_once,
    norms,
    norms_per_image,
    parameters_of,
)
from resnet_viz.probe.inputs import (
    Inputs,
    Layer,
    as_tuple,
    check_images,
    checked_network,
    name_of,
    names_of,
    usable,
)
from resnet_viz.probe.isolation import untouched
from resnet_viz.probe.layouts import (
    Reshape,
    ReshapeOption,
    View,
    no_map,
    reshape_named,
    view_of,
)
from resnet_viz.probe.pass_gradients import PassGradients, gradients_of, refuse_detached
from resnet_viz.probe.targets import (
    Target,
    activation_named,
    activation_of,
    classes_of,
    logits_of,
    loss_of,
    scores_from,
)
from resnet_viz.records import Activation, Analysis, BatchNormMode, ByLayer, Score

if TYPE_CHECKING:
    import pandas as pd


def analyze(  # noqa: PLR0913  # all but two have defaults, and are given by name
    network: nn.Module,
    images: Inputs,
    *,
    target: Target = None,
    layers: Layer | Sequence[Layer] | None = None,
    score: Score | str = Score.LOGIT,
    parameters: bool = False,
    gradients: bool = False,
    reshape: ReshapeOption = None,
    activation: Activation | str | None = None,
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
        A normalised batch (batch, channel, *positions) on the network's device; a tuple of batches
        for a network with several inputs.
    target
        The class whose logit is y: one for all images, one per image, or None for each image's top
        class. A function output -> (batch,) defines y itself.
    layers
        Names or modules to measure, one or several; None for every convolution, every block and
        the head. A module that runs n times has the names "name#1" to "name#n".
    score
        S of the gradient norms: the logit y, or the loss -log p of the target's probability p,
        which takes a second backward pass because the maps still need the logit.
    parameters
        Whether to measure ||dS/dW|| of every parameter too.
    gradients
        Whether to keep dy/dA, which ``class_activation_maps`` needs.
    reshape
        How values that are not (batch, channel, *positions) become so: "tokens" for a transformer,
        "channels-last", or a function. Without it, layers with their channels last are found, and
        layers of tokens have no maps. Features and gradients of layers with maps are kept in the
        order (batch, channel, *positions).
    activation
        How logits become probabilities: "softmax", "sigmoid" or "none". By default softmax, but
        sigmoid for a single logit and none for a network that ends in a softmax or sigmoid.

    Raises
    ------
    LayerError, TargetError, NetworkError
        An argument does not fit the network; the message says what does.

    References
    ----------
    Selvaraju 2017, arXiv 1610.02391, eq. 1 and 2.

    """
    network = checked_network(network)
    kind, asked = score_named(score), activation_named(activation)
    shaping = reshape_named(reshape)
    names = names_of(network, layers)
    network = usable(network)
    check_images(network, images)
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        untouched(network, needs_gradients=parameters) as batch_norm,
    ):
        inputs = tuple(one.detach().clone().requires_grad_() for one in as_tuple(images))
        with computed_once(network) if parameters else nullcontext():
            captured = capture(network, tuple(one.clone() for one in inputs), names)  # or in place
            weights = parameters_of(network) if parameters else {}
        scores = _scores(captured.output, target, kind, asked, len(inputs[0]))
        views = _views(network, captured, inputs[0], shaping)
        all_gradients = gradients_of(captured, scores.summed, scores.logit, weights)
        refuse_detached(network, inputs, all_gradients.missing, target)
    measured = _Pass(captured, scores, all_gradients, weights, views, len(inputs[0]), gradients)
    return _record(network, measured, kind, batch_norm)


def grad_cam(
    network: nn.Module,
    images: Inputs,
    layer: Layer,
    *,
    target: Target = None,
    reshape: ReshapeOption = None,
) -> Float[np.ndarray, "batch ..."]:
    """Grad-CAM at one layer, after ReLU, unscaled, at the layer's own size.

    The backward pass stops at the layer. Arguments and errors as for ``analyze``.
    """
    network = checked_network(network)
    name = name_of(network, layer)
    analysis = analyze(network, images, target=target, layers=[name], reshape=reshape)
    if name not in analysis.cams:
        raise no_map(network, name, analysis.features)
    return analysis.cams[name]


def gradient_norms(
    network: nn.Module,
    images: Inputs,
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
    activation: Activation


def score_named(score: Score | str) -> Score:
    """A score by its name; ``OptionError`` lists the known ones."""
    try:
        return Score(score)
    except ValueError:
        known = ", ".join(Score)
        raise OptionError("option_unknown", option="score", value=score, known=known) from None


def _scores(
    output: object, target: Target, kind: Score, asked: Activation | None, count: int
) -> _Scores:
    if callable(target):
        if kind is Score.LOSS:
            raise TargetError("target_loss_function")
        summed = scores_from(target, output, count).sum()
        plain = output if isinstance(output, Tensor) and output.ndim == 2 else None
        how = asked or (Activation.NONE if plain is None else activation_of(plain))
        return _Scores(summed, summed, plain, None, how)
    logits = logits_of(output)
    if not logits.requires_grad:
        raise NetworkError("network_detached")
    how = asked or activation_of(logits)
    classes = classes_of(target, logits)
    logit = logits.gather(1, classes.unsqueeze(1)).sum()
    loss = loss_of(logits, classes, how) if kind is Score.LOSS else logit
    return _Scores(loss, logit, logits, classes, how)


def _views(
    network: nn.Module,
    captured: Capture,
    image: Tensor,
    reshape: Reshape | Callable[[Tensor], Tensor] | None,
) -> dict[str, View]:
    """How the values of each layer that can have a map become (batch, channel, *positions)."""
    modules = {} if isinstance(network, ResNet) else dict(network.named_modules())
    found = {
        name: view_of(name, value, modules.get(name.partition("#")[0]), image, reshape)
        for name, value in captured.values.items()
    }
    return {name: view for name, view in found.items() if view is not None}


@dataclass(frozen=True)
class _Pass:
    captured: Capture
    scores: _Scores
    gradients: PassGradients
    weights: dict[str, Tensor]
    views: dict[str, View]
    images: int
    keep_gradients: bool  # whether the record holds dy/dA


def _record(
    network: nn.Module, measured: _Pass, kind: Score, batch_norm: BatchNormMode
) -> Analysis:
    captured, scores = measured.captured, measured.scores
    gradients, weights, views = measured.gradients, measured.weights, measured.views
    with torch.no_grad():
        features = _viewed(captured.values, views)
        of_logit = _viewed(gradients.logit, views)
        alphas, cams = grad_cams(
            [features[name] for name in views], [of_logit[name] for name in views]
        )
        lengths = norms_per_image(list(gradients.features.values()))
        parameter_gradients = norms(list(gradients.parameters.values())) / measured.images
        return Analysis(
            network=network.spec.name if isinstance(network, ResNet) else type(network).__name__,
            score=kind,
            batch_norm=batch_norm,
            features=_by_layer(features),
            cams=_by_layer(dict(zip(views, cams, strict=True))),
            cam_weights=_by_layer(dict(zip(views, alphas, strict=True))),
            activation_gradient_norms=_by_layer(
                dict(zip(gradients.features, lengths, strict=True))
            ),
            parameter_gradient_norms=_by_name(weights, parameter_gradients),
            parameter_norms=_by_name(weights, norms(list(weights.values()))),
            logits=None if scores.logits is None else _array(scores.logits),
            targets=None if scores.targets is None else _array(scores.targets),
            activation_gradients=_by_layer(of_logit if measured.keep_gradients else {}),
            activation=scores.activation,
        )


def _viewed(values: dict[str, Tensor], views: dict[str, View]) -> dict[str, Tensor]:
    return {n: views[n](value) if n in views else value for n, value in values.items()}


def _by_layer(values: dict[str, Tensor]) -> ByLayer[np.ndarray]:
    if any(value.device.type != "cpu" for value in values.values()):
        return ByLayer({name: _array(value) for name, value in values.items()})
    kept = {n: v.detach() if v.requires_grad else v for n, v in values.items()}
    return ByLayer.read_later(kept, lambda name: _array(kept[name]))


def _by_name(names: dict[str, Tensor], values: Tensor) -> Mapping[str, float]:
    return MappingProxyType(dict(zip(names, values.tolist(), strict=True)))


def _array(value: Tensor) -> np.ndarray:
    value = value.detach()
    if value.dtype in (torch.bfloat16, torch.float16):
        value = value.float()
    array = value.cpu().numpy()
    array.setflags(write=False)
    return array
