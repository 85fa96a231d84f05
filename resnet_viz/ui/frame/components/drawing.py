"""A drawing in HTML or SVG whose marked parts can be picked, and which can hold a film.

Parts with ``data-pick`` report that name when they are clicked; parts of one name light up together
under the pointer. A film is a slider over pictures that stand side by side in one
(``figures.deletion_film``).
"""

from collections.abc import Callable

from resnet_viz.core.converter import JsonObject
from resnet_viz.ui.frame.components.register import picked, register

_drawing = register("drawing")


def drawing(
    html: str,
    *,
    key: str,
    on_pick: Callable[[str], None] | None = None,
    film: JsonObject | None = None,
) -> None:
    """Show a drawing; ``on_pick`` receives the name of the picked part, unchecked."""

    def changed() -> None:
        name = picked(key)
        if on_pick is not None and isinstance(name, str):
            on_pick(name)

    _drawing(data={"html": html, "film": film}, key=key, on_picked_change=changed)
