"""Grad-CAM over the photograph, painted in the browser, so that a click shows at once.

The overlay listens to the strip's state (see ``clickable_strip``) and repaints without waiting for
the server. The data are equal from click to click, so they are sent once. Interpolation and colours
are those of ``figures.map_overlays``.
"""

from resnet_viz.core.converter import JsonObject
from resnet_viz.ui.frame.components.register import register

_overlay = register("live_overlay")


def overlay(cams: JsonObject, photo: str, *, side: int, alt: str, key: str) -> None:
    """Show the overlay of one network.

    ``cams`` are all maps as packed by ``figures.live_cams``; ``photo`` is a data URI of ``side`` x
    ``side`` pixels; ``alt`` contains ``{layer}`` as the placeholder for the layer's name.
    """
    _overlay(data={**cams, "photo": photo, "side": side, "alt": alt}, key=key)
