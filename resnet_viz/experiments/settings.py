"""Settings of experiments: frozen dataclasses, filled from text and checked in one place."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from enum import StrEnum
from math import isfinite
from typing import Any, TypeVar

from resnet_viz.core.errors import OptionError

C = TypeVar("C")


def in_range(name: str, value: float, least: float, most: float) -> None:
    """``OptionError`` unless ``least <= value <= most``."""
    if not (isfinite(value) and least <= value <= most):
        raise OptionError("option_range", option=name, value=value, least=least, most=most)


def check_depths(depths: Sequence[int], most: int = 202) -> None:
    """``OptionError`` for a depth that is not 6n + 2, from 8 to ``most``, or for none at all."""
    for depth in depths or [0]:
        if not 8 <= depth <= most or depth % 6 != 2:
            raise OptionError("depth_unknown", depth=depth, most=most)


def filled(start: C, given: Mapping[str, Any]) -> C:
    """``start`` with other values, which may be text; ``OptionError`` for what makes no sense."""
    known = {field.name for field in fields(start)}  # type: ignore[arg-type]
    values: dict[str, Any] = asdict(start)  # type: ignore[call-overload]
    for name, value in given.items():
        if name not in known:
            listed = ", ".join(sorted(known))
            raise OptionError("option_unknown", option="set", value=name[:80], known=listed)
        values[name] = _as(name, value, getattr(start, name))
    return type(start)(**values)


def _as(name: str, value: object, like: object) -> object:
    """``value`` as the type of ``like``."""
    if isinstance(like, StrEnum):
        choices = type(like)
        if value not in list(choices):
            known = ", ".join(choices)
            raise OptionError("option_unknown", option=name, value=str(value)[:80], known=known)
        return choices(str(value))
    if isinstance(like, tuple):
        parts = value.split(",") if isinstance(value, str) else list(value)  # type: ignore[call-overload]
        return tuple(_as(name, part, like[0]) for part in parts)
    try:
        return type(like)(value)  # type: ignore[call-arg]
    except (TypeError, ValueError):
        raise OptionError(
            "option_unknown", option=name, value=str(value)[:80], known=str(like)
        ) from None
