"""The keys of a presenter: pages of a lesson to the server, the rest in the browser alone.

Arrows, page keys and the space bar turn pages, R reveals, L changes the language, Escape leaves.
B makes the screen black, + and - change the size, F fills the screen.
"""

from collections.abc import Callable

from resnet_viz.ui.frame.components.register import picked, register

_keys = register("presenter_keys")

_KNOWN = ("next", "previous", "reveal", "language", "leave")


def presenter_keys(*, key: str, on_key: Callable[[str], None]) -> None:
    """Listen on the whole page; ``on_key`` receives what a key means."""

    def changed() -> None:
        pressed = picked(key)
        if isinstance(pressed, str) and pressed in _KNOWN:
            on_key(pressed)

    _keys(data={}, key=key, on_picked_change=changed)
