"""Group a file's tensors into modules, whatever their naming style.

Naming styles differ, but the tensors of one module always share the part of the name before the
last dot. The kind of a module follows from its shapes. Names are used only where shapes are not
enough: for the order of execution if the file is not in order, and for which of two equally shaped
1x1 convolutions is the shortcut.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from torch import Tensor


class ModuleKind(StrEnum):
    """Kind of a module, by the shape of its weight."""

    CONVOLUTION = "convolution"
    NORM = "norm"  # with running statistics
    SCALE = "scale"  # weight and bias per channel, no statistics: group or layer norm
    LINEAR = "linear"
    OTHER = "other"


@dataclass(frozen=True, eq=False)
class NamedModule:
    """One module of a file.

    Parameters
    ----------
    name
        The module's name: that of its tensors without the last part.
    kind
        By the shape of the weight.
    shape
        Of the weight; () without one.
    keys
        Full names of its tensors by part ("weight", "bias", "running_mean").

    """

    name: str
    kind: ModuleKind
    shape: tuple[int, ...]
    keys: Mapping[str, str]

    @property
    def parent(self) -> str:
        """Name of the parent module."""
        return self.name.rpartition(".")[0]

    @property
    def aside(self) -> bool:
        """Whether the name is one that shortcuts usually have."""
        return bool(_ASIDE.search(self.name.lower()))


_PARTS = {
    "weight": "weight", "gamma": "weight", "bias": "bias", "beta": "bias",
    "running_mean": "running_mean", "moving_mean": "running_mean", "mean": "running_mean",
    "running_var": "running_var", "moving_variance": "running_var", "moving_var": "running_var",
    "var": "running_var", "num_batches_tracked": "num_batches_tracked",
}  # fmt: skip
_ASIDE = re.compile(
    r"shortcut|downsample|skip|proj|identity|convdim|branch1|match_dim|equalin|(^|[._])(ds|sc)[._\d]|_0_(conv|bn)"
)
_FIRST = re.compile(r"stem|embed|^conv\d*$|^conv\d*_|^init|^input|^first|^features[._]init|^pre")
_LAST = re.compile(r"^fc|linear|classif|head|^out|logits|dense|final|last|post|^norm$|^bn$|bn_f")


def modules(tensors: Mapping[str, Tensor]) -> list[NamedModule]:
    """Group tensors into modules, in the order of their first tensors."""
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
    return [_module(name, keys, tensors) for name, keys in grouped.items()]


def _module(name: str, keys: Mapping[str, str], tensors: Mapping[str, Tensor]) -> NamedModule:
    first = keys.get("weight", keys.get("running_var"))  # a norm may have no scale
    shape = () if first is None else tuple(tensors[first].shape)
    return NamedModule(name, _kind(shape, keys), shape, keys)


def _kind(shape: tuple[int, ...], keys: Mapping[str, str]) -> ModuleKind:
    match len(shape):
        case 4:
            return ModuleKind.CONVOLUTION
        case 2:
            return ModuleKind.LINEAR
        case 1 if "running_var" in keys:
            return ModuleKind.NORM
        case 1 if "bias" in keys:
            return ModuleKind.SCALE
        case _:
            return ModuleKind.OTHER


def orderings(file_modules: Sequence[NamedModule]) -> list[list[NamedModule]]:
    """Possible orders of execution, most likely first.

    That of the file, then two by the names: a top-level normalisation counts to the stem in the
    first and to the head in the second.
    """
    by_name_norm_first = sorted(file_modules, key=lambda module: _rank(module, False))
    by_name_norm_last = sorted(file_modules, key=lambda module: _rank(module, True))
    return [list(file_modules), by_name_norm_first, by_name_norm_last]


def _rank(module: NamedModule, norm_last: bool) -> tuple[object, ...]:
    top = module.name.lower()
    head = top.partition(".")[0]
    group = 2
    if module.kind is ModuleKind.LINEAR:
        group = 4
    elif "." not in module.name and module.kind in (ModuleKind.NORM, ModuleKind.SCALE):
        group = 3 if norm_last else 1
    elif _LAST.search(head):
        group = 3
    elif _FIRST.search(head) and (module.kind is not ModuleKind.CONVOLUTION or "." not in top
                                  or "embed" in top or "stem" in top):  # fmt: skip
        group = 0
    parts = re.findall(r"\d+|[^\d]+", top)
    return (group, [(1, int(p), "") if p.isdigit() else (0, 0, p) for p in parts])
