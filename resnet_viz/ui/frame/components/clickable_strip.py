"""The network strip: one marker per block, selected by click or arrow keys.

``figures.strip`` draws it; the script adds the listeners. It publishes layer, opacity and scale in
``window.resnetVizState`` and dispatches ``resnet-viz-state``, so that the overlays repaint before
the server responds.
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
    """Show the strip; ``on_pick`` receives the selected layer.

    The markers of ``svg`` carry ``data-layer``; the arrow keys step through ``layers`` in order.
    ``selected``, ``opacity`` (0 to 1) and ``own`` (one scale per map) are passed on to
    the overlays. ``label`` is the accessible name.
    """

    def changed() -> None:
        layer = picked(key)
        if isinstance(layer, str) and layer in layers:
            on_pick(layer)

    state = {"opacity": opacity, "own": own}
    data = {"svg": svg, "layers": layers, "selected": selected, "label": label, "state": state}
    _strip(data=data, key=key, on_picked_change=changed)
