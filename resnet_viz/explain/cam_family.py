"""Every map of the CAM family at every layer, from one analysis."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np
from jaxtyping import Float

from resnet_viz.core.errors import OptionError
from resnet_viz.explain.cam_formulas import EPSILON, GRAD_CAM, STACK_BYTES, CamFormula, LayerStack
from resnet_viz.explain.method_names import MethodName
from resnet_viz.explain.methods import METHODS, LayerMethod, method_named
from resnet_viz.records import Analysis, ByLayer

_Batch = Float[np.ndarray, "batch c *positions"]
_Stack = Float[np.ndarray, "stacked c *positions"]


def cam_formulas() -> dict[MethodName, CamFormula]:
    """The formula of each method of the family."""
    layer_methods = [row for row in METHODS.values() if isinstance(row, LayerMethod)]
    return {row.name: row.formula for row in layer_methods if row.formula is not None}


def class_activation_maps(
    analysis: Analysis,
    methods: MethodName | str | Sequence[MethodName | str] | None = None,
    layers: str | Sequence[str] | None = None,
    *,
    epsilon: float = EPSILON,
) -> Mapping[MethodName, ByLayer[Float[np.ndarray, "batch ..."]]]:
    """Maps of the CAM family from one analysis, without another pass through the network.

    A map is taken after its last ReLU, is not scaled, and has the layer's own size.

    Parameters
    ----------
    analysis
        The result of ``analyze(..., gradients=True)``.
    methods
        One or several members of the CAM family; None for all of them.
    layers
        One or several; None for all layers of the analysis that have positions.
    epsilon
        Added to the denominator of Grad-CAM++; 0 gives the paper's formula.

    Raises
    ------
    LayerError
        A layer was not captured, or its values have no positions.
    OptionError
        A method is unknown or not of the family, or the analysis has no gradients.

    """
    family = cam_formulas()
    methods = [methods] if isinstance(methods, str) else methods
    layers = [layers] if isinstance(layers, str) else layers
    chosen = list(family) if methods is None else [_member(method, family) for method in methods]
    if not analysis.activation_gradients:
        raise OptionError("explain_no_gradients")
    names = list(analysis.cams) if layers is None else list(layers)
    for name in names:
        analysis.cams[name]  # or an error that lists similar names
    maps: dict[MethodName, dict[str, np.ndarray]] = {method: {} for method in chosen}
    to_compute = []
    for method in chosen:
        if family[method] is GRAD_CAM:  # the analysis has it
            maps[method] = {name: analysis.cams[name] for name in names}
        else:
            to_compute.append(method)
    formulas = [family[method] for method in to_compute]
    for group in _layers_of_equal_shape(analysis, names) if to_compute else ():
        computed = _maps_of_group(analysis, group, formulas, epsilon)
        for (method, name), one in zip(product(to_compute, group), computed, strict=True):
            maps[method][name] = one
    return {
        method: ByLayer({name: by_name[name] for name in names}) for method, by_name in maps.items()
    }


def _member(method: MethodName | str, family: Mapping[MethodName, CamFormula]) -> MethodName:
    name = method_named(method).name
    if name not in family:
        known = ", ".join(family)
        raise OptionError("option_unknown", option="method", value=name, known=known)
    return name


def _maps_of_group(
    analysis: Analysis, group: Sequence[str], formulas: Sequence[CamFormula], epsilon: float
) -> Float[np.ndarray, "maps batch *positions"]:
    """Every formula at every layer of a group: all layers of the first formula come first."""
    features = _stacked([analysis.features[name] for name in group])
    gradients = _stacked([analysis.activation_gradients[name] for name in group], features)
    stack = LayerStack(features, gradients, epsilon, formulas)
    maps = np.stack([formula(stack) for formula in formulas])
    maps = np.maximum(maps, 0).reshape(len(formulas) * len(group), -1, *stack.size)
    maps.setflags(write=False)
    return np.asarray(maps)


def _layers_of_equal_shape(analysis: Analysis, names: Sequence[str]) -> Iterator[list[str]]:
    """Groups of at most ``STACK_BYTES``, or of one layer."""
    by_shape: dict[tuple[object, ...], list[str]] = {}
    for name in names:
        feature = analysis.features[name]
        by_shape.setdefault((feature.shape, feature.dtype), []).append(name)
    for same in by_shape.values():
        count = max(1, STACK_BYTES // max(analysis.features[same[0]].nbytes, 1))
        for start in range(0, len(same), count):
            yield same[start : start + count]


def _stacked(arrays: list[_Batch], like: _Stack | None = None) -> _Stack:
    """One after the other in the batch, in memory as ``like``."""
    if len(arrays) == 1:
        return arrays[0]
    return np.concatenate(arrays, out=None if like is None else np.empty_like(like))
