"""The CAM family: maps from the activations A and the gradients G = dy/dA of one pass.

Every formula gives a map before its last ReLU, so that a blank map can be explained.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from jaxtyping import Float

from resnet_viz.explain.method_options import Options
from resnet_viz.explain.principal_component import first_component, over_channels, over_positions
from resnet_viz.explain.raw_map import MapInSteps, PassesDone, RawMap
from resnet_viz.explain.scored_image import ScoredImage

#: Of Grad-CAM++'s denominator: what pytorch-grad-cam adds; 0 is the paper's formula.
EPSILON = 1e-6

#: Bytes of features that are computed together: as much as fits in a CPU's cache.
STACK_BYTES = 1 << 20

_Batch = Float[np.ndarray, "batch c *positions"]
_Map = Float[np.ndarray, "batch ..."]
_Flat = Float[np.ndarray, "batch c positions"]
_FlatMap = Float[np.ndarray, "batch positions"]
_Weights = Float[np.ndarray, "batch c"]


class LayerStack:
    """Activations and gradients of one layer, or of several of equal shape one after the other.

    Values that several formulas share are computed once. ``formulas`` are those that will run.
    """

    def __init__(
        self,
        features: _Batch,
        gradients: _Batch,
        epsilon: float,
        formulas: Collection["CamFormula"],
    ) -> None:
        batch, channels, *size = features.shape
        self.size = tuple(size)
        self.features: _Flat = features.reshape(batch, channels, prod(size))
        self.gradients: _Flat = gradients.reshape(batch, channels, prod(size))
        self.epsilon = epsilon
        self._both_components = EIGEN_CAM in formulas and EIGENGRAD_CAM in formulas

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
    def feature_component(self) -> _FlatMap:
        """The first component of A."""
        return self._in_one_go[0] if self._small_pair else first_component(self.features)

    @cached_property
    def product_component(self) -> _FlatMap:
        """The first component of G A."""
        return self._in_one_go[1] if self._small_pair else first_component(self.product)

    @property
    def _small_pair(self) -> bool:
        return self._both_components and self.features.nbytes <= STACK_BYTES

    @cached_property
    def _in_one_go(self) -> list[_FlatMap]:
        """Both components together, which takes less time for a small stack."""
        return np.split(first_component(np.concatenate([self.features, self.product])), 2)

    def weighted(self, weights: _Weights) -> _FlatMap:
        """sum_k w_k A^k."""
        return np.asarray((weights[:, None, :] @ self.features)[:, 0])


@dataclass(frozen=True)
class CamFormula:
    """One member of the family.

    ``uses_gradients`` is whether the gradients of the score enter; otherwise the map is the same
    for every class.
    """

    compute: Callable[[LayerStack], _FlatMap]
    uses_gradients: bool = True

    def __call__(self, stack: LayerStack) -> _Map:
        """The maps of a stack before their last ReLU, at the layer's own size, unscaled."""
        with np.errstate(all="ignore"):  # a map that is not finite is explained later
            return self.compute(stack).reshape(-1, *stack.size)


@dataclass(frozen=True)
class CamOfLayer:
    """A formula on one layer of a scored image: a row's ``run``."""

    formula: CamFormula

    def __call__(self, scored: ScoredImage, layer: str, options: Options) -> MapInSteps:
        """The map; the pass through the network is shared by all layers of the image."""
        yield PassesDone(0, 1)
        feature = scored.analysis.features[layer]
        gradient = scored.analysis.activation_gradients[layer]
        epsilon = options.get("epsilon", EPSILON)
        stack = LayerStack(feature, gradient, epsilon, [self.formula])
        source = gradient if self.formula.uses_gradients else feature
        return RawMap(self.formula(stack)[0], vanishes=not source.any())


def _grad_cam(stack: LayerStack) -> _FlatMap:
    """w_k = mean G^k (Selvaraju 2017, arXiv 1610.02391, eq. 1 and 2)."""
    return stack.weighted(over_positions(stack.gradients) / stack.gradients.shape[2])


def _grad_cam_plus_plus(stack: LayerStack) -> _FlatMap:
    """w_k = sum a relu(G^k), a = G^2 / (2 G^2 + S_k G^3 + eps), S_k = sum A^k.

    Chattopadhay 2018 (arXiv 1710.11063, eq. 5 and 19); where G = 0, a = 0.
    """
    squared = stack.gradients * stack.gradients
    below = stack.total[:, :, None] * stack.gradients
    below += 2
    below *= squared
    below += stack.epsilon
    if stack.epsilon == 0:
        below[below == 0] = np.inf
    squared /= below
    squared *= stack.rising
    return stack.weighted(over_positions(squared))


def _xgrad_cam(stack: LayerStack) -> _FlatMap:
    """w_k = sum G^k A^k / sum A^k (Fu 2020, arXiv 2008.02312, eq. 8); 0 for a dead channel."""
    return stack.weighted(over_positions(stack.product) / (stack.total + 1e-7))


def _hires_cam(stack: LayerStack) -> _FlatMap:
    """sum_k G^k A^k, position by position (Draelos 2020, arXiv 2011.08891)."""
    return over_channels(stack.product)


def _layer_cam(stack: LayerStack) -> _FlatMap:
    """sum_k relu(G^k) A^k (Jiang 2021, LayerCAM, eq. 4)."""
    return over_channels(stack.rising * stack.features)


def _element_wise(stack: LayerStack) -> _FlatMap:
    """sum_k relu(G^k A^k)."""
    return over_channels(np.maximum(stack.product, 0))


def _eigen_cam(stack: LayerStack) -> _FlatMap:
    """A on its first principal direction over positions (Muhammad 2020, arXiv 2008.00299)."""
    return stack.feature_component


def _eigengrad_cam(stack: LayerStack) -> _FlatMap:
    """The same of G A."""
    return stack.product_component


def _activation_norm(stack: LayerStack) -> _FlatMap:
    """The 2-norm over channels."""
    return np.asarray(np.sqrt(over_channels(stack.features * stack.features)))


GRAD_CAM = CamFormula(_grad_cam)
GRAD_CAM_PLUS_PLUS = CamFormula(_grad_cam_plus_plus)
XGRAD_CAM = CamFormula(_xgrad_cam)
HIRES_CAM = CamFormula(_hires_cam)
LAYER_CAM = CamFormula(_layer_cam)
ELEMENT_WISE = CamFormula(_element_wise)
EIGEN_CAM = CamFormula(_eigen_cam, uses_gradients=False)
EIGENGRAD_CAM = CamFormula(_eigengrad_cam)
ACTIVATION_NORM = CamFormula(_activation_norm, uses_gradients=False)
