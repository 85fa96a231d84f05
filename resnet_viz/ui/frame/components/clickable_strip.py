"""The network strip: a marker per block, to click on or to step through with the arrow keys.

``figures.strip`` draws it; the script only listens. It also keeps layer, opacity and scale in
``window.resnetVizState`` and dispatches ``resnet-viz-state`` when they change, so that the overlays
repaint before the server has answered.
"""

from collections.abc import Callable

from resnet_viz.ui.frame.components.register import picked, register

_strip = register("clickable_strip")


def strip(
    svg: str,
    *,
    layers: list[str],
    selected: str,
    opacity: float,
    own: bool,
    label: str,
    key: str,
    on_pick: Callable[[str], None],
) -> None:
    """The strip of a network; ``on_pick`` gets the layer that was clicked or stepped to.

    The markers of ``svg`` carry ``data-layer``; the arrow keys step through ``layers`` in order.
    ``selected``, ``opacity`` (0 to 1) and ``own`` (each map on its own scale) are what the overlays
    show. ``label`` is what a screen reader calls the strip.
    """

    def changed() -> None:
        layer = picked(key)
        if isinstance(layer, str) and layer in layers:
            on_pick(layer)

    state = {"opacity": opacity, "own": own}
    data = {"svg": svg, "layers": layers, "selected": selected, "label": label, "state": state}
    _strip(data=data, key=key, on_picked_change=changed)
