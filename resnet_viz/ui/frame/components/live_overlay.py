"""The photograph with Grad-CAM over it, drawn in the browser: a click shows at once.

The strip keeps layer, opacity and scale in ``window.resnetVizState`` and says when they change; the
overlay repaints without waiting for the server. Its own data stay the same from click to click, so
they travel once. Interpolation and colours are those of ``figures.map_overlays``.
"""

from typing import Any

from resnet_viz.ui.frame.components.register import register

_overlay = register("live_overlay")


def overlay(cams: dict[str, Any], photo: str, *, side: int, alt: str, key: str) -> None:
    """The overlay of one network.

    ``cams`` are every layer's maps as ``figures.live_cams`` packs them, ``photo`` a data URI of
    ``side`` x ``side`` pixels; ``alt`` has ``{layer}`` where the layer's name belongs.
    """
    _overlay(data={**cams, "photo": photo, "side": side, "alt": alt}, key=key)
