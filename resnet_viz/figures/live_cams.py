"""Grad-CAM of every layer in one message, for overlays drawn in the browser."""

import base64
from typing import Any

import numpy as np
from jaxtyping import Float

from resnet_viz.core.converter import JsonObject
from resnet_viz.figures.comparison_drawing import CAM_PALETTE
from resnet_viz.figures.palettes import table
from resnet_viz.records import Comparison, Pair


def live_cams(comparison: Comparison) -> Pair[JsonObject]:
    """By network: each layer's map in 255ths of its highest value, and that value.

    Layers are named as in the first network; the second one's is the corresponding layer.

    ``maps`` is {layer: [height, width, high, base64]}; ``shared`` {layer: high of both networks}.
    A map that is not finite has the height 0 and is drawn in the colour of missing values.
    """
    layers, sides = comparison.layers, comparison.sides
    at = {name: comparison.layers_at(name) for name in layers}
    maps = Pair(
        {name: _packed(sides.first.analysis.cams[name][0]) for name in layers},
        {name: _packed(sides.second.analysis.cams[at[name].second][0]) for name in layers},
    )
    shared = {n: max(maps.first[n][2], maps.second[n][2]) for n in layers}
    palette = base64.b64encode(table(CAM_PALETTE).tobytes()).decode()
    return maps.map(lambda own: {"maps": own, "shared": shared, "palette": palette})


def _packed(cam: Float[np.ndarray, "h w"]) -> list[Any]:
    if not np.isfinite(cam).all():
        return [0, 0, 0.0, ""]
    high = float(cam.max())
    steps = np.rint(cam * (255 / high)) if high > 0 else np.zeros_like(cam)
    return [*cam.shape, high, base64.b64encode(steps.astype(np.uint8).tobytes()).decode()]
