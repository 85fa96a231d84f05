"""The allowed values of each field of a spec."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeAlias

from resnet_viz.core.errors import SpecError
from resnet_viz.spec.choices import (
    Activation,
    Attention,
    Block,
    Downsample,
    Edges,
    Initialisation,
    Norm,
    Order,
    Padding,
    Shortcut,
    ShortcutInput,
    Stem,
    StemPool,
    StrideIn,
    StrideOn,
)

#: Converts an input of any type (JSON, a caller) to the value of a field, or raises ``SpecError``.
Check: TypeAlias = Callable[[str, Any], Any]

MOST_STAGES = 8  # the last one then sees the image 128 times smaller
MOST_BLOCKS = 2000  # ResNet-1202 has 600
USUAL_WIDTH_PER_GROUP = 64  # torchvision's base width


def _choice(choices: type[StrEnum]) -> Check:
    def check(field: str, value: object) -> StrEnum:
        if isinstance(value, str) and value in list(choices):
            return choices(value)
        raise SpecError("spec_choice", field=field, value=_short(value), known=", ".join(choices))

    return check


def _sizes(most: int) -> Check:
    def check(field: str, values: object) -> tuple[int, ...]:
        sizes = tuple(values) if isinstance(values, (list, tuple)) else ()
        if not sizes or not all(_is_size(v, most) for v in sizes):
            raise SpecError("spec_size", field=field, value=_short(values), most=most)
        return sizes

    return check


def _size(most: int) -> Check:
    def check(field: str, value: object) -> object:
        if not _is_size(value, most):
            raise SpecError("spec_size", field=field, value=_short(value), most=most)
        return value

    return check


def _odd(most: int) -> Check:
    """An odd side of a window, so that it has a middle."""

    def check(field: str, value: object) -> object:
        if not _is_size(value, most) or value % 2 == 0:  # type: ignore[operator]
            raise SpecError("spec_odd", field=field, value=_short(value), most=most)
        return value

    return check


def _number(low: float, high: float) -> Check:
    def check(field: str, value: object) -> float:
        real = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not real or not low <= value <= high:  # type: ignore[operator]
            raise SpecError("spec_number", field=field, value=_short(value), low=low, high=high)
        return float(value)  # type: ignore[arg-type]

    return check


def _flag(field: str, value: object) -> object:
    if not isinstance(value, bool):
        raise SpecError("spec_choice", field=field, value=_short(value), known="true, false")
    return value


def _optional(check: Check) -> Check:
    return lambda field, value: None if value is None else check(field, value)


#: The check of every field.
CHECKS: Mapping[str, Check] = {
    "block": _choice(Block),
    "depths": _sizes(1000),
    "widths": _sizes(8192),
    "shortcut": _choice(Shortcut),
    "padding": _choice(Padding),
    "shortcut_norm": _flag,
    "shortcut_input": _choice(ShortcutInput),
    "shortcut_kernel": _odd(7),
    "shortcut_scale": _number(0, 1),
    "downsample": _choice(Downsample),
    "attention": _choice(Attention),
    "attention_reduction": _size(1024),
    "attention_least": _size(1024),
    "attention_bias": _flag,
    "attention_kernel": _optional(_odd(63)),
    "stem": _choice(Stem),
    "stem_width": _optional(_size(8192)),
    "stem_inside": _optional(_sizes(8192)),
    "stem_pool": _choice(StemPool),
    "order": _choice(Order),
    "last_norm": _flag,
    "stride_in": _choice(StrideIn),
    "stride_on": _choice(StrideOn),
    "edges": _choice(Edges),
    "groups": _size(1024),
    "width_per_group": _size(1024),
    "bias": _flag,
    "norm": _choice(Norm),
    "activation": _choice(Activation),
    "initialisation": _choice(Initialisation),
    "zero_last_gamma": _flag,
    "stochastic_depth": _number(0, 0.99),
    "branch_scale": _optional(_number(0, 10)),
    "fixup": _flag,
    "input_size": _size(4096),
    "input_channels": _size(64),
    "classes": _size(100_000),
}


def _is_size(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


def _short(value: object) -> str:
    """A value for a sentence; a long one is cut before it is written out."""
    if isinstance(value, (list, tuple)):
        return str(value[:12])[:80]
    return str(value)[:80] if not isinstance(value, (dict, set)) else type(value).__name__
