"""Checks and conversions of experiments' settings, which are frozen dataclasses."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from enum import StrEnum
from math import isfinite
from typing import TypeVar

from resnet_viz.core.errors import OptionError
from resnet_viz.records.findings import Settings

C = TypeVar("C")


def in_range(name: str, value: float, least: float, most: float) -> None:
    """Raise ``OptionError`` unless ``least <= value <= most``."""
    if not (isfinite(value) and least <= value <= most):
        raise OptionError("option_range", option=name, value=value, least=least, most=most)


def check_depths(depths: Sequence[int], most: int = 202) -> None:
    """Raise ``OptionError`` unless each depth is 6n + 2, from 8 to ``most``, and one is given."""
    for depth in depths or [0]:
        if not 8 <= depth <= most or depth % 6 != 2:
            raise OptionError("depth_unknown", depth=depth, most=most)


def with_changes(start: C, changes: Settings) -> C:
    """Return a copy of the settings with some values changed.

    Parameters
    ----------
    start
        The settings, a dataclass.
    changes
        New values by field name. Text is converted to the type of the present value.

    Raises
    ------
    OptionError
        For an unknown field or an invalid value.

    """
    names = {field.name for field in fields(start)}  # type: ignore[arg-type]
    values = dict[str, object](asdict(start))  # type: ignore[call-overload]
    for name, value in changes.items():
        if name not in names:
            listed = ", ".join(sorted(names))
            raise OptionError("option_unknown", option="set", value=name[:80], known=listed)
        values[name] = _as(name, value, getattr(start, name))
    return type(start)(**values)


def _as(name: str, value: object, like: object) -> object:
    """Return ``value`` converted to the type of ``like``."""
    if isinstance(like, StrEnum):
        choices = type(like)
        if value not in list(choices):
            listed = ", ".join(choices)
            raise OptionError("option_unknown", option=name, value=str(value)[:80], known=listed)
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
