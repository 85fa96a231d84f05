"""One forward and one backward: features, Grad-CAM and gradient norms of every layer."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.core.errors import OptionError
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.decode import Picture
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
    Network,
    as_batch,
    as_tuple,
    check_images,
    checked_network,
    class_names,
    name_of,
    names_of,
    network_name,
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
from resnet_viz.probe.pass_scores import PassScores, scores_of
from resnet_viz.probe.targets import Target, activation_named
from resnet_viz.records import Activation, BatchNormMode, ByLayer, Score
from resnet_viz.records.read_only import ReadOnly
from resnet_viz.results.analysis_result import Analysis

if TYPE_CHECKING:
    import pandas as pd


def analyze(  # noqa: PLR0913  # all but two have defaults, and are given by name
    network: Network,
    images: Inputs | Picture,
    *,
    target: Target = None,
    layers: Layer | Sequence[Layer] | None = None,
    score: Score | str = Score.LOGIT,
    parameters: bool = False,
    gradients: bool = False,
    reshape: ReshapeOption = None,
    activation: Activation | str | None = None,
    classes: Sequence[str] | Mapping[int, str] | None = None,
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
        Any module, or what ``load`` returned; its output is logits (batch, classes) unless
        ``target`` is a function.
    images
        A normalised batch (batch, channel, *positions) on the network's device; a tuple of batches
        for a network with several inputs; a picture for what ``load`` returned.
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
    classes
        Class names by index, for the record; a loaded network brings its own.

    Raises
    ------
    LayerError, TargetError, NetworkError
        An argument does not fit the network; the message says what does.

    References
    ----------
    Selvaraju 2017, arXiv 1610.02391, eq. 1 and 2.

    """
    names_of_classes = class_names(network, classes)
    if isinstance(images, Picture):
        images = as_batch(network, images)
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
        scores = scores_of(captured.output, target, kind, asked, len(inputs[0]))
        views = _views(network, captured, inputs[0], shaping)
        all_gradients = gradients_of(captured, scores.summed, scores.logit, weights)
        refuse_detached(network, inputs, all_gradients.missing, target)
    measured = _Pass(captured, scores, all_gradients, weights, views, inputs[0], gradients)
    return _record(network, measured, kind, batch_norm, names_of_classes)


def grad_cam(
    network: Network,
    images: Inputs | Picture,
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
    network: Network,
    images: Inputs | Picture,
    *,
    target: Target = None,
    score: Score | str = Score.LOSS,
) -> "pd.DataFrame":
    """Gradient norms of every convolution, every block and the head, of each image.

    The table is that of ``Analysis.to_frame``: one row per image and layer. Arguments and errors as
    for ``analyze``.
    """
    return analyze(network, images, target=target, score=score, parameters=True).to_frame()


def score_named(score: Score | str) -> Score:
    """A score by its name; ``OptionError`` lists the known ones."""
    try:
        return Score(score)
    except ValueError:
        known = ", ".join(Score)
        raise OptionError("option_unknown", option="score", value=score, known=known) from None


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
    scores: PassScores
    gradients: PassGradients
    weights: dict[str, Tensor]
    views: dict[str, View]
    images: Tensor
    keep_gradients: bool  # whether the record holds dy/dA


def _record(
    network: nn.Module,
    measured: _Pass,
    kind: Score,
    batch_norm: BatchNormMode,
    classes: tuple[str, ...] | None,
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
        parameter_gradients = norms(list(gradients.parameters.values())) / len(measured.images)
        return Analysis(
            network=network_name(network),
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
            images=_array(measured.images),
            classes=classes,
        )


def _viewed(values: dict[str, Tensor], views: dict[str, View]) -> dict[str, Tensor]:
    return {n: views[n](value) if n in views else value for n, value in values.items()}


def _by_layer(values: dict[str, Tensor]) -> ByLayer[np.ndarray]:
    if any(value.device.type != "cpu" for value in values.values()):
        return ByLayer({name: _array(value) for name, value in values.items()})
    kept = {n: v.detach() if v.requires_grad else v for n, v in values.items()}
    return ByLayer.read_later(kept, lambda name: _array(kept[name]))


def _by_name(names: dict[str, Tensor], values: Tensor) -> Mapping[str, float]:
    return ReadOnly(dict(zip(names, values.tolist(), strict=True)))


def _array(value: Tensor) -> np.ndarray:
    value = value.detach()
    if value.dtype in (torch.bfloat16, torch.float16):
        value = value.float()
    array = value.cpu().numpy()
    array.setflags(write=False)
    return array
