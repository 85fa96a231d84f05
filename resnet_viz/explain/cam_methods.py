"""The CAM family: maps from the activations A and the gradients G = dy/dA of one pass.

Every map is (batch, h, w) at the layer's own size, unscaled. ``raw_map`` is before the last ReLU,
so that a blank map can be explained; ``class_activation_maps`` is after it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from itertools import product

import numpy as np
from jaxtyping import Float

from resnet_viz.core.errors import LayerError, OptionError, close_matches
from resnet_viz.explain.principal_component import first_component, over_channels, over_positions
from resnet_viz.records import Analysis, ByLayer

#: Of Grad-CAM++'s denominator: what pytorch-grad-cam adds; 0 is the paper's formula.
EPSILON = 1e-6

_STACK_BYTES = 1 << 20  # of features that are computed together

_Batch = Float[np.ndarray, "batch c h w"]
_Stack = Float[np.ndarray, "stacked c h w"]
_Map = Float[np.ndarray, "batch h w"]
_Flat = Float[np.ndarray, "batch c positions"]
_FlatMap = Float[np.ndarray, "batch positions"]
_Weights = Float[np.ndarray, "batch c"]


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
    computed = [method for method in chosen if method is not CamMethod.GRAD_CAM]
    if len(computed) < len(chosen):  # the analysis has them
        found[CamMethod.GRAD_CAM] = {name: analysis.cams[name] for name in names}
    for group in _groups(analysis, names) if computed else ():
        features = _stacked([analysis.features[name] for name in group])
        gradients = [analysis.activation_gradients[name] for name in group]
        parts = _Parts(features, _stacked(gradients, features), epsilon, chosen)
        with np.errstate(all="ignore"):
            maps = np.stack([_FORMULAS[method](parts) for method in computed])
        maps = np.maximum(maps, 0).reshape(len(computed) * len(group), -1, *parts.size)
        maps.setflags(write=False)
        for (method, name), one in zip(product(computed, group), maps, strict=True):
            found[method][name] = one
    return {m: ByLayer({name: maps[name] for name in names}) for m, maps in found.items()}


def raw_map(
    method: CamMethod, features: _Batch, gradients: _Batch, *, epsilon: float = EPSILON
) -> _Map:
    """One map of the family before its last ReLU; see each formula below."""
    parts = _Parts(features, gradients, epsilon, [method])
    with np.errstate(all="ignore"):  # what is not finite is found in the map, and explained
        return _FORMULAS[method](parts).reshape(-1, *parts.size)


def cam_method(name: CamMethod | str) -> CamMethod:
    """A method by its name; ``OptionError`` lists those there are."""
    try:
        return CamMethod(name)
    except ValueError:
        known = ", ".join(CamMethod)
        raise OptionError("option_unknown", option="method", value=name, known=known) from None


def _groups(analysis: Analysis, names: Sequence[str]) -> Iterator[list[str]]:
    """Layers of equal shape together, as long as the stack stays in a processor's cache."""
    by_shape: dict[tuple[object, ...], list[str]] = {}
    for name in names:
        feature = analysis.features[name]
        by_shape.setdefault((feature.shape, feature.dtype), []).append(name)
    for same in by_shape.values():
        count = max(1, _STACK_BYTES // max(analysis.features[same[0]].nbytes, 1))
        for start in range(0, len(same), count):
            yield same[start : start + count]


def _stacked(arrays: list[_Batch], like: _Stack | None = None) -> _Stack:
    """One after the other in the batch, in memory as ``like``."""
    if len(arrays) == 1:
        return arrays[0]
    return np.concatenate(arrays, out=None if like is None else np.empty_like(like))


class _Parts:
    """What several methods need of one stack of layers, computed once."""

    def __init__(
        self, features: _Batch, gradients: _Batch, epsilon: float, wanted: Sequence[CamMethod]
    ) -> None:
        batch, channels, height, width = features.shape
        self.size = (height, width)
        self.features: _Flat = features.reshape(batch, channels, height * width)
        self.gradients: _Flat = gradients.reshape(batch, channels, height * width)
        self.epsilon = epsilon
        self.wanted = wanted

    @cached_property
    def product(self) -> _Flat:
        """G A, element by element."""
        return np.asarray(self.features * self.gradients)

    @cached_property
    def rising(self) -> _Flat:
        """relu(G)."""
        return np.asarray(np.maximum(self.gradients, 0))

    @cached_property
    def total(self) -> _Weights:
        """Sum A^k over positions."""
        return over_positions(self.features)

    @cached_property
    def components(self) -> Mapping[CamMethod, _FlatMap]:
        """First components of A and of G A, as far as wanted; of small stacks in one go."""
        values = {}
        if CamMethod.EIGEN_CAM in self.wanted:
            values[CamMethod.EIGEN_CAM] = self.features
        if CamMethod.EIGENGRAD_CAM in self.wanted:
            values[CamMethod.EIGENGRAD_CAM] = self.product
        if len(values) == 1 or self.features.nbytes > _STACK_BYTES:
            return {method: first_component(value) for method, value in values.items()}
        found = first_component(np.concatenate(list(values.values())))
        return dict(zip(values, np.split(found, 2), strict=True))

    def weighted(self, weights: _Weights) -> Float[np.ndarray, "batch positions"]:
        """sum_k w_k A^k."""
        return np.asarray((weights[:, None, :] @ self.features)[:, 0])


def _grad_cam(parts: _Parts) -> _FlatMap:
    """w_k = mean G^k (Selvaraju 2017, arXiv 1610.02391, eq. 1 and 2)."""
    return parts.weighted(over_positions(parts.gradients) / parts.gradients.shape[2])


def _grad_cam_plus_plus(parts: _Parts) -> _FlatMap:
    """w_k = sum a relu(G^k), a = G^2 / (2 G^2 + S_k G^3 + eps), S_k = sum A^k.

    Chattopadhay 2018 (arXiv 1710.11063, eq. 5 and 19); where G = 0, a = 0.
    """
    squared = parts.gradients * parts.gradients
    below = parts.total[:, :, None] * parts.gradients
    below += 2
    below *= squared
    below += parts.epsilon
    if parts.epsilon == 0:
        below[below == 0] = np.inf
    squared /= below
    squared *= parts.rising
    return parts.weighted(over_positions(squared))


def _xgrad_cam(parts: _Parts) -> _FlatMap:
    """w_k = sum G^k A^k / sum A^k (Fu 2020, arXiv 2008.02312, eq. 8); 0 for a dead channel."""
    return parts.weighted(over_positions(parts.product) / (parts.total + 1e-7))


def _hires_cam(parts: _Parts) -> _FlatMap:
    """sum_k G^k A^k, position by position (Draelos 2020, arXiv 2011.08891)."""
    return over_channels(parts.product)


def _layer_cam(parts: _Parts) -> _FlatMap:
    """sum_k relu(G^k) A^k (Jiang 2021, LayerCAM, eq. 4)."""
    return over_channels(parts.rising * parts.features)


def _element_wise(parts: _Parts) -> _FlatMap:
    """sum_k relu(G^k A^k)."""
    return over_channels(np.maximum(parts.product, 0))


def _eigen_cam(parts: _Parts) -> _FlatMap:
    """A on its first principal direction over positions (Muhammad 2020, arXiv 2008.00299)."""
    return parts.components[CamMethod.EIGEN_CAM]


def _eigengrad_cam(parts: _Parts) -> _FlatMap:
    """The same of G A."""
    return parts.components[CamMethod.EIGENGRAD_CAM]


def _activation_norm(parts: _Parts) -> _FlatMap:
    """The 2-norm over channels."""
    return np.asarray(np.sqrt(over_channels(parts.features * parts.features)))


_FORMULAS: Mapping[CamMethod, Callable[[_Parts], _FlatMap]] = {
    CamMethod.GRAD_CAM: _grad_cam,
    CamMethod.GRAD_CAM_PLUS_PLUS: _grad_cam_plus_plus,
    CamMethod.XGRAD_CAM: _xgrad_cam,
    CamMethod.HIRES_CAM: _hires_cam,
    CamMethod.LAYER_CAM: _layer_cam,
    CamMethod.ELEMENT_WISE: _element_wise,
    CamMethod.EIGEN_CAM: _eigen_cam,
    CamMethod.EIGENGRAD_CAM: _eigengrad_cam,
    CamMethod.ACTIVATION_NORM: _activation_norm,
}
