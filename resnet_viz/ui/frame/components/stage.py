"""The stage of Compare: two networks on one picture, linked by one layer, channel and pixel.

It is mounted twice. One mount keeps what is equal from click to click (photograph, maps, strips)
in the browser; it is sent once. The other shows it, with the selection and the opened block. Clicks
and keys are drawn at once and then told to the server, which answers with what is new.
Interpolation and colours are those of ``figures.map_overlays``.
"""

from collections.abc import Callable

from resnet_viz.core.converter import JsonObject
from resnet_viz.ui.frame.components.register import picked, register

_stage = register("stage")


def stage(
    kept: JsonObject, shown: JsonObject, *, key: str, on_pick: Callable[[object], None]
) -> None:
    """Show the stage; ``on_pick`` receives what was selected, unchecked.

    ``kept`` has its name as ``store``, and ``shown`` the same name as ``of``.
    """

    def changed() -> None:
        on_pick(picked(key))

    _stage(data=shown, key=key, on_picked_change=changed)
    _stage(data=kept, key=f"{key}_kept")
