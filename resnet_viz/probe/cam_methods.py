"""The CAM family: maps from the activations A and the gradients G = dy/dA of one pass.

Every map is (batch, h, w) at the layer's own size, unscaled. ``raw_map`` is before the last ReLU,
so that a blank map can be explained; ``class_activation_maps`` is after it.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

import numpy as np
from jaxtyping import Float

from resnet_viz.errors import LayerError, OptionError, close_matches
from resnet_viz.records import Analysis, ByLayer

#: Of Grad-CAM++'s denominator: what pytorch-grad-cam adds; 0 is the paper's formula.
EPSILON = 1e-6

_Batch = Float[np.ndarray, "batch c h w"]
_Map = Float[np.ndarray, "batch h w"]


class CamMethod(StrEnum):
    """Maps that need nothing but activations and gradients at a layer."""

    GRAD_CAM = "grad-cam"
    GRAD_CAM_PLUS_PLUS = "grad-cam++"
    XGRAD_CAM = "xgrad-cam"
    HIRES_CAM = "hires-cam"
    LAYER_CAM = "layer-cam"
    ELEMENT_WISE = "element-wise"
    EIGEN_CAM = "eigen-cam"
    EIGENGRAD_CAM = "eigengrad-cam"
    ACTIVATION_NORM = "activation-norm"


#: Maps that do not depend on the target class.
CLASSLESS = frozenset({CamMethod.EIGEN_CAM, CamMethod.ACTIVATION_NORM})


def class_activation_maps(
    analysis: Analysis,
    methods: Sequence[CamMethod | str] = tuple(CamMethod),
    layers: Sequence[str] | None = None,
    *,
    epsilon: float = EPSILON,
) -> Mapping[CamMethod, ByLayer[Float[np.ndarray, "batch h w"]]]:
    """The chosen maps at every layer of an analysis made with ``gradients=True``.

    No further pass. Layers of equal shape are computed together. ``layers`` defaults to all that
    have positions. Raises ``LayerError`` for a layer that was not captured, ``OptionError`` for an
    unknown method or an analysis without gradients.
    """
    chosen = [cam_method(method) for method in methods]
    if not analysis.activation_gradients:
        raise OptionError("explain_no_gradients")
    names = list(analysis.cams) if layers is None else list(layers)
    for name in names:
        if name not in analysis.cams:
            known = close_matches(name, list(analysis.cams))
            raise LayerError("explain_layer", name=name, known=known)
    found: dict[CamMethod, dict[str, np.ndarray]] = {method: {} for method in chosen}
    for group in _groups(analysis, names):
        features = np.concatenate([analysis.features[name] for name in group])
        gradients = np.concatenate([analysis.activation_gradients[name] for name in group])
        for method in chosen:
            maps = np.maximum(raw_map(method, features, gradients, epsilon=epsilon), 0)
            maps.setflags(write=False)
            batch = len(maps) // len(group)
            for number, name in enumerate(group):
                found[method][name] = maps[number * batch : (number + 1) * batch]
    return {m: ByLayer({name: maps[name] for name in names}) for m, maps in found.items()}


def raw_map(
    method: CamMethod, features: _Batch, gradients: _Batch, *, epsilon: float = EPSILON
) -> _Map:
    """One map of the family before its last ReLU; see each formula below."""
    with np.errstate(all="ignore"):  # what is not finite is found in the map, and explained
        if method is CamMethod.GRAD_CAM_PLUS_PLUS:
            return _weighted(_plus_plus_weights(features, gradients, epsilon), features)
        return _FORMULAS[method](features, gradients)


def cam_method(name: CamMethod | str) -> CamMethod:
    """A method by its name; ``OptionError`` lists those there are."""
    try:
        return CamMethod(name)
    except ValueError:
        known = ", ".join(CamMethod)
        raise OptionError("option_unknown", option="method", value=name, known=known) from None


def _groups(analysis: Analysis, names: Sequence[str]) -> list[list[str]]:
    by_shape: dict[tuple[object, ...], list[str]] = {}
    for name in names:
        feature = analysis.features[name]
        by_shape.setdefault((feature.shape, feature.dtype), []).append(name)
    return list(by_shape.values())


def _weighted(weights: Float[np.ndarray, "batch c"], features: _Batch) -> _Map:
    """sum_k w_k A^k."""
    batch, channels, height, width = features.shape
    flat = features.reshape(batch, channels, height * width)
    return np.asarray((weights[:, None, :] @ flat).reshape(batch, height, width))


def _grad_cam(features: _Batch, gradients: _Batch) -> _Map:
    """w_k = mean G^k (Selvaraju 2017, arXiv 1610.02391, eq. 1 and 2)."""
    return _weighted(gradients.mean((2, 3)), features)


def _plus_plus_weights(
    features: _Batch, gradients: _Batch, epsilon: float
) -> Float[np.ndarray, "batch c"]:
    """w_k = sum a relu(G^k), a = G^2 / (2 G^2 + S_k G^3 + eps), S_k = sum A^k.

    Chattopadhay 2018 (arXiv 1710.11063, eq. 5 and 19); where G = 0, a = 0.
    """
    squared = gradients * gradients
    below = features.sum((2, 3), keepdims=True) * gradients
    below += 2
    below *= squared
    below += epsilon
    below[below == 0] = np.inf
    squared /= below
    return np.asarray(np.einsum("nchw,nchw->nc", squared, np.maximum(gradients, 0)))


def _xgrad_cam(features: _Batch, gradients: _Batch) -> _Map:
    """w_k = sum G^k A^k / sum A^k (Fu 2020, arXiv 2008.02312, eq. 8); 0 for a dead channel."""
    total = features.sum((2, 3)) + 1e-7
    return _weighted(np.einsum("nchw,nchw->nc", gradients, features) / total, features)


def _hires_cam(features: _Batch, gradients: _Batch) -> _Map:
    """sum_k G^k A^k, position by position (Draelos 2020, arXiv 2011.08891)."""
    return np.asarray(np.einsum("nchw,nchw->nhw", gradients, features))


def _layer_cam(features: _Batch, gradients: _Batch) -> _Map:
    """sum_k relu(G^k) A^k (Jiang 2021, LayerCAM, eq. 4)."""
    return np.asarray(np.einsum("nchw,nchw->nhw", np.maximum(gradients, 0), features))


def _element_wise(features: _Batch, gradients: _Batch) -> _Map:
    """sum_k relu(G^k A^k)."""
    return np.asarray(np.maximum(gradients * features, 0).sum(1))


def _eigen_cam(features: _Batch, gradients: _Batch) -> _Map:  # noqa: ARG001
    """A on its first principal direction over positions (Muhammad 2020, arXiv 2008.00299)."""
    return first_component(features)


def _eigengrad_cam(features: _Batch, gradients: _Batch) -> _Map:
    """The same of G A."""
    return first_component(gradients * features)


def _activation_norm(features: _Batch, gradients: _Batch) -> _Map:  # noqa: ARG001
    """The 2-norm over channels."""
    return np.asarray(np.sqrt(np.einsum("nchw,nchw->nhw", features, features)))


def first_component(values: _Batch) -> _Map:
    """Centred positions projected on the channel direction of largest variance.

    A principal direction has no sign of its own; here it is turned so that the map goes up where
    the sum over channels does. NaN where anything is not finite.
    """
    batch, channels, height, width = values.shape
    flat = values.reshape(batch, channels, height * width)
    scale = np.maximum(flat.max((1, 2), keepdims=True), -flat.min((1, 2), keepdims=True))
    finite = np.isfinite(scale[:, 0, 0])
    if not finite.all():
        flat, scale = (np.where(finite[:, None, None], v, 0) for v in (flat, scale))
    centred = flat / np.where(scale > 0, scale, 1)  # squares of tiny values would vanish
    centred -= centred.mean(2, keepdims=True)
    if channels <= height * width:
        direction, _ = _top_vectors(centred @ centred.swapaxes(1, 2))
        projected = (direction[:, None] @ centred)[:, 0]
    else:  # the smaller matrix has the same first component
        vectors, roots = _top_vectors(centred.swapaxes(1, 2) @ centred)
        projected = vectors * np.sqrt(np.maximum(roots, 0))[:, None]
    along = (projected * centred.sum(1)).sum(1, keepdims=True)
    turned = np.where(along < 0, -projected, projected) * scale[:, 0]
    turned[~finite] = np.nan
    return np.asarray(turned.reshape(batch, height, width), values.dtype)


def _top_vectors(
    matrices: Float[np.ndarray, "batch n n"],
) -> tuple[Float[np.ndarray, "batch n"], Float[np.ndarray, " batch"]]:
    """The eigenvectors with the largest eigenvalues of symmetric matrices, and these.

    By steps of the eighth power (three squarings cost less than the steps they save) until all
    stand still; where two eigenvalues are too close for that, by a full decomposition, which takes
    several times as long.
    """
    exact = matrices.astype(np.float64)
    trace = np.trace(exact, axis1=1, axis2=2)[:, None, None]
    exact /= np.where(trace > 0, trace, 1)
    power = exact
    for _ in range(3):
        power = power @ power
        largest = np.abs(power).max((1, 2), keepdims=True)
        power /= np.where(largest > 0, largest, 1)
    start = np.diagonal(power, axis1=1, axis2=2).argmax(1)
    vectors = power[np.arange(len(exact)), start][:, None]
    slow = np.ones(len(exact), bool)
    for _ in range(8):
        for _ in range(8):
            vectors = vectors @ power
        vectors /= np.maximum(np.sqrt((vectors * vectors).sum(2, keepdims=True)), 1e-300)
        image = vectors @ exact
        roots = (image * vectors).sum(2)
        off = image - roots[..., None] * vectors
        slow = (off * off).sum((1, 2)) > (1e-6 * roots[:, 0]) ** 2
        if not slow.any():
            break
    if slow.any():
        values, directions = np.linalg.eigh(exact[slow])
        vectors[slow, 0], roots[slow, 0] = directions[:, :, -1], values[:, -1]
    return vectors[:, 0], roots[:, 0] * trace[:, 0, 0]


_FORMULAS: Mapping[CamMethod, Callable[[_Batch, _Batch], _Map]] = {
    CamMethod.GRAD_CAM: _grad_cam,
    CamMethod.XGRAD_CAM: _xgrad_cam,
    CamMethod.HIRES_CAM: _hires_cam,
    CamMethod.LAYER_CAM: _layer_cam,
    CamMethod.ELEMENT_WISE: _element_wise,
    CamMethod.EIGEN_CAM: _eigen_cam,
    CamMethod.EIGENGRAD_CAM: _eigengrad_cam,
    CamMethod.ACTIVATION_NORM: _activation_norm,
}
