"""A picture that reports clicks."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from resnet_viz.ui.frame.components.register import picked, register

_picture = register("clickable_picture")


@dataclass(frozen=True)
class Point:
    """A position in a picture, as fractions of width and height in [0, 1), from the top left."""

    x: float
    y: float


def picture(
    source: str,
    *,
    alt: str,
    key: str,
    on_pick: Callable[[Point], None],
    at: Point | None = None,
    step: Point | None = None,
    smooth: bool = False,
) -> None:
    """Show a picture (data URI); ``on_pick`` receives the clicked point.

    With ``at`` and ``step``, an arrow key picks the point one step from ``at``. Pixels stay sharp
    unless ``smooth`` is set.
    """

    def changed() -> None:
        point = _point(picked(key))
        if point is not None:
            on_pick(point)

    data = {
        "source": source,
        "alt": alt,
        "smooth": smooth,
        "at": None if at is None else asdict(at),
        "step": None if step is None else asdict(step),
    }
    _picture(data=data, key=key, on_picked_change=changed)


def _point(value: object) -> Point | None:
    """Parse a point sent by the browser; None unless it lies inside the picture."""
    if not isinstance(value, Mapping):
        return None
    x, y = value.get("x"), value.get("y")
    if not isinstance(x, (int, float)) or not isinstance(y, (int, float)):
        return None
    return Point(float(x), float(y)) if 0 <= x < 1 and 0 <= y < 1 else None
