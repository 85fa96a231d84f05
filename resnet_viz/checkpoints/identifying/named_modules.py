"""Tensor names to modules, whatever style they are written in.

Styles differ in every name and agree in one thing: the tensors of one module share what stands
before the last dot. So tensors become modules, and modules are told apart by their shapes alone.
Names decide only what shapes cannot: the order where a file is not in order, and which of two
equally shaped 1x1 convolutions is the shortcut.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from torch import Tensor


class FoundKind(StrEnum):
    """What a module is, by the shape of its weight."""

    CONVOLUTION = "convolution"
    NORM = "norm"  # with running statistics
    SCALE = "scale"  # one weight and one bias a channel, and no statistics: group or layer norm
    LINEAR = "linear"
    OTHER = "other"


@dataclass(frozen=True, eq=False)
class Found:
    """One module of a file. ``keys`` are its tensors' full names by part ("weight")."""

    name: str
    kind: FoundKind
    shape: tuple[int, ...]  # of its weight
    keys: Mapping[str, str]

    @property
    def parent(self) -> str:
        """Where the module stands."""
        return self.name.rpartition(".")[0]

    @property
    def aside(self) -> bool:
        """Whether its name says that it stands on a shortcut."""
        return bool(_ASIDE.search(self.name.lower()))


_PARTS = {
    "weight": "weight", "gamma": "weight", "bias": "bias", "beta": "bias",
    "running_mean": "running_mean", "moving_mean": "running_mean", "mean": "running_mean",
    "running_var": "running_var", "moving_variance": "running_var", "moving_var": "running_var",
    "var": "running_var", "num_batches_tracked": "num_batches_tracked",
}  # fmt: skip
_ASIDE = re.compile(
    r"shortcut|downsample|skip|proj|identity|convdim|branch1|match_dim|equalin|(^|[._])(ds|sc)[._\d]"
)
_FIRST = re.compile(r"stem|embed|^conv\d*$|^conv\d*_|^init|^input|^first|^features[._]init|^pre")
_LAST = re.compile(r"^fc|linear|classif|head|^out|logits|dense|final|last|post|^norm$|^bn$|bn_f")


def modules(tensors: Mapping[str, Tensor]) -> list[Found]:
    """The modules of a file in the order in which their first tensors stand there."""
    grouped: dict[str, dict[str, str]] = {}
    for key, value in tensors.items():
        stem, _, last = key.rpartition(".")
        part = _PARTS.get(last)
        if (
            part is None
            or (part == "weight" and not stem)
            or (value.ndim == 4 and part != "weight")
        ):
            stem, part = key, "weight"
        grouped.setdefault(stem, {})[part] = key
    return [_found(name, keys, tensors) for name, keys in grouped.items()]


def _found(name: str, keys: Mapping[str, str], tensors: Mapping[str, Tensor]) -> Found:
    weight = tensors[keys["weight"]] if "weight" in keys else None
    shape = () if weight is None else tuple(weight.shape)
    return Found(name, _kind(shape, keys), shape, keys)


def _kind(shape: tuple[int, ...], keys: Mapping[str, str]) -> FoundKind:
    match len(shape):
        case 4:
            return FoundKind.CONVOLUTION
        case 2:
            return FoundKind.LINEAR
        case 1 if "running_var" in keys:
            return FoundKind.NORM
        case 1 if "bias" in keys:
            return FoundKind.SCALE
        case _:
            return FoundKind.OTHER


def orderings(found: Sequence[Found]) -> list[list[Found]]:
    """Orders of execution to try: as in the file, then by the numbers in the names.

    By names, a normalisation at the top stands with the stem, or else with the head.
    """
    by_name = sorted(found, key=lambda module: _rank(module, False))
    other = sorted(found, key=lambda module: _rank(module, True))
    return [list(found), by_name, other]


def _rank(module: Found, norm_last: bool) -> tuple[object, ...]:
    top = module.name.lower()
    head = top.partition(".")[0]
    place = 1
    if module.kind is FoundKind.LINEAR:
        place = 3
    elif "." not in module.name and module.kind in (FoundKind.NORM, FoundKind.SCALE):
        place = 2 if norm_last else 0
    elif _LAST.search(head):
        place = 2
    elif _FIRST.search(head) and (module.kind is not FoundKind.CONVOLUTION or "." not in top
                                  or "embed" in top or "stem" in top):  # fmt: skip
        place = 0
    parts = re.findall(r"\d+|[^\d]+", top)
    return (place, [(1, int(p), "") if p.isdigit() else (0, 0, p) for p in parts])
