"""Find out why a map is blank, by measurements on the network."""

import numpy as np
import torch
from jaxtyping import Float

from resnet_viz.explain.scored_image import ScoredImage
from resnet_viz.probe.capture import run_with
from resnet_viz.probe.isolation import untouched
from resnet_viz.records.map_facts import Blank

#: A layer is multiplied with each of these to see whether the score depends on it.
_FACTORS = (-2.0, 0.0, 2.0)
_CHANGE = 1e-5  # relative change of the score that is more than rounding


def why_blank(
    scored: ScoredImage,
    layer: str | None,
    shown: Float[np.ndarray, "..."],
    before_relu: Float[np.ndarray, "..."],
    *,
    gradients_vanish: bool,
) -> Blank | None:
    """Why a map shows nothing, or None if it shows something.

    ``layer`` is None for a map of the input; ``gradients_vanish`` says that everything the map is
    computed from is zero.
    """
    if not np.isfinite(shown).all():
        return why_not_finite(scored, layer)
    if shown.size == 1:
        return Blank.ONE_POSITION
    if shown.any():
        return Blank.FLAT if np.ptp(shown) == 0 else None
    if gradients_vanish:
        return Blank.SATURATED if score_depends_on(scored, layer) else Blank.NO_GRADIENT
    return Blank.NEGATIVE if bool((before_relu < 0).any()) else Blank.ZERO


def why_not_finite(scored: ScoredImage, layer: str | None) -> Blank:
    """Where NaN or infinite values first appear: weights, activations, gradients or the method."""
    if not all(bool(torch.isfinite(p).all()) for p in scored.network.parameters()):
        return Blank.WEIGHTS_NOT_FINITE
    outputs = scored.score if scored.logits is None else scored.logits
    if not bool(torch.isfinite(torch.as_tensor(outputs)).all()):
        return Blank.LAYER_NOT_FINITE
    analysis = scored.analyzed(None if layer is None else [layer])
    if not all(np.isfinite(feature).all() for feature in analysis.features.values()):
        return Blank.LAYER_NOT_FINITE
    if not all(np.isfinite(slope).all() for slope in analysis.activation_gradients.values()):
        return Blank.GRADIENT_NOT_FINITE
    return Blank.NOT_FINITE


def score_depends_on(scored: ScoredImage, layer: str | None) -> bool:
    """Whether the score changes when the layer is multiplied with -2, 0 or 2.

    A network that ends in a softmax or sigmoid has no gradient where its output is 1 in single
    precision, although the output depends on the layer.
    """
    with torch.no_grad(), untouched(scored.network, needs_gradients=False):
        outputs = [_output_of_scaled(scored, layer, factor) for factor in _FACTORS]
        changed = torch.cat([scored.scored_network.score_of(output) for output in outputs])
    least = _CHANGE * max(abs(scored.score), 1e-30)
    return bool(((changed - scored.score).abs() > least).any())


def _output_of_scaled(scored: ScoredImage, layer: str | None, factor: float) -> object:
    if layer is None:
        return scored.scored_network.output_of(scored.image * factor)
    inputs = scored.scored_network.inputs(scored.image)
    return run_with(scored.network, inputs, layer, lambda value: value * factor)
