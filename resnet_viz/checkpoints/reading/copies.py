"""Find every set of weights in the content of a weights file, and choose one.

Training programs save several: the weights and their moving average (EMA), the best and the last,
a student and its teacher, the query and the key encoder; in separate dictionaries, or in one with
two prefixes.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from resnet_viz.core.errors import CheckpointError
from resnet_viz.pictures.decode import safe_name

#: Keys under which training programs save the weights, most likely first.
WRAPPERS = (
    "state_dict", "model_state_dict", "model", "net", "network", "params", "weights", "module",
    "model_state", "net_state_dict", "state_dict_model", "weight", "state", "backbone", "encoder",
)  # fmt: skip
#: The name of the copy without a prefix.
BARE = "bare"
_DEEPEST = 6  # nested dictionaries
_MOST_COPIES = 16
_MOST_ITEMS = 64  # of a list
_LEAF = 8  # tensors: a dictionary with fewer is one module of a nested state dict
_ALIKE = 0.8  # share of equal names and shapes that makes two groups copies
_NOT_WEIGHTS = re.compile(r"optim|^opt$|sched|scaler|^amp|^lr_|callback|loops|hyper|^args|grad")
_SECOND = re.compile(r"ema|average|swa|student|encoder_k|key|momentum|target|attacker|shadow")
_HEAD = re.compile(r"^(fc|head|classif\w*|linear|output)(_state_dict)?$")

#: Names to values of a state dict, as a file has it: keys and values are checked where they are
#: used.
Content = Mapping[Any, Any]


@dataclass(frozen=True, eq=False)
class Copy:
    """One set of weights: its name, its tensors, and the keys that lead to its dictionary.

    ``prefix`` is what the names in that dictionary begin with; None if the tensors are of several.
    """

    name: str
    tensors: Mapping[str, Tensor]
    path: tuple[str | int, ...]
    prefix: str | None = ""


def copies(content: object) -> list[Copy]:
    """List every set of weights in the content of a file, in the file's order."""
    found = [*_dictionaries(content, (), 0)]
    if len(found) > _LEAF and all(len(tensors) < _LEAF for _, tensors in found):
        named = {".".join([*map(str, path), key]): value
                 for path, tensors in found for key, value in tensors.items()}  # fmt: skip
        return [Copy("", named, (), None)]
    separate = [(path, tensors) for path, tensors in found if not _is_head(path, tensors)]
    if not separate:
        separate, heads = found, dict[str, Tensor]()
    else:
        heads = {f"{path[-1]}.{key}": value for path, tensors in found if _is_head(path, tensors)
                 for key, value in tensors.items()}  # fmt: skip
    listed = []
    for path, tensors in separate[:_MOST_COPIES]:
        complete = heads | tensors if len(separate) == 1 else tensors
        for prefix, part in _by_prefix({**tensors, **complete}).items():
            name = _name(path, prefix, alone=len(separate) == 1)
            start = None if len(complete) > len(tensors) else prefix.removeprefix(BARE)
            listed.append(Copy(name, part, path, start))
    return listed[:_MOST_COPIES]


def choose(found: Sequence[Copy], wanted: str, file: str) -> Copy:
    """Choose a copy by name; without a name the one with the most usual name that was trained.

    Raises ``CheckpointError`` if there is no copy of that name.
    """
    if wanted:
        for copy in found:
            if copy.name == wanted:
                return copy
        known = ", ".join(safe_name(copy.name) for copy in found if copy.name) or "-"
        raise CheckpointError("checkpoint_copy", name=file, copy=safe_name(wanted), known=known)
    return min(found, key=_rank)


def _rank(copy: Copy) -> tuple[object, ...]:
    """Trained before untrained, weights before their average, usual names before others."""
    words = copy.name.lower()
    last = copy.path[-1] if copy.path else ""
    usual = WRAPPERS.index(last) if last in WRAPPERS else len(WRAPPERS)
    convolutions = sum(value.ndim == 4 for value in copy.tensors.values())
    return (not convolutions, _untrained(copy.tensors), bool(_SECOND.search(words)), usual)


def _untrained(tensors: Mapping[str, Tensor]) -> bool:
    """Whether every running variance is one, as before the first step; a few are enough to see."""
    variances = [
        value for key, value in tensors.items()
        if key.endswith("running_var") and value.layout is torch.strided
        and not value.is_meta and not value.is_quantized
        and value.numel() * value.element_size() <= value.untyped_storage().nbytes()
    ]  # fmt: skip
    return bool(variances) and all(bool((value == 1).all()) for value in variances[:3])


def _dictionaries(
    content: object, path: tuple[str | int, ...], depth: int
) -> Iterator[tuple[tuple[str | int, ...], dict[str, Tensor]]]:
    """Yield every dictionary or list that has tensors, with the keys that lead to it."""
    if depth > _DEEPEST:
        return
    items: list[tuple[Any, Any]]
    if isinstance(content, Mapping):
        items = [(key, value) for key, value in content.items() if isinstance(key, str)]
    elif isinstance(content, (list, tuple)):
        items = [(number, value) for number, value in enumerate(content[:_MOST_ITEMS])]
    else:
        return
    tensors = {str(key): value for key, value in items if isinstance(value, Tensor)}
    nested = [(key, value) for key, value in items if isinstance(value, (Mapping, list, tuple))]
    large = [value for value in tensors.values() if value.ndim > 1]
    if large or (tensors and any(value.ndim == 1 for value in tensors.values())):
        alone = isinstance(content, Mapping) or len(large) > 1
        if alone and (large or not nested):
            yield path, tensors
    for key, value in nested:
        if not (isinstance(key, str) and _NOT_WEIGHTS.search(key.lower())):
            yield from _dictionaries(value, (*path, key), depth + 1)


def _is_head(path: tuple[str | int, ...], tensors: Mapping[str, Tensor]) -> bool:
    flat = all(value.ndim < 3 for value in tensors.values())
    return flat and bool(path) and bool(_HEAD.search(str(path[-1]).lower()))


def _name(path: tuple[str | int, ...], prefix: str, *, alone: bool) -> str:
    parts = [*map(str, path)] if not (alone and prefix) else []
    if prefix:
        parts.append(prefix.rstrip(".") if prefix != BARE else BARE)
    return ".".join(parts)


def _by_prefix(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Split names into the copies of one network that differ in their prefix; {"": all} if none.

    Every copy has its own first convolution, which is what tells a copy from a repeated block.
    """
    shapes = {key: tuple(v.shape) for key, v in tensors.items() if v.ndim == 4}
    first = [key for key, shape in shapes.items() if shape[1] <= 4 and shape[2] > 1]
    for key in first[:_MOST_COPIES]:
        tail = key.split(".")
        for length in range(len(tail), 0, -1):
            suffix = ".".join(tail[-length:])
            ends = [k for k in first if k == suffix or k.endswith(f".{suffix}")]
            prefixes = [k.removesuffix(suffix) for k in ends if shapes[k] == shapes[key]]
            if len(prefixes) > 1 and (split := _split(tensors, shapes, prefixes)):
                return split
    return {"": dict(tensors)}


def _split(
    tensors: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]], prefixes: Sequence[str]
) -> dict[str, dict[str, Tensor]]:
    """The tensors by prefix, if the groups are alike and are the whole network; else {}."""
    longest_first = sorted(prefixes, key=len, reverse=True)

    def owner(name: str) -> str | None:
        return next((p for p in longest_first if name.startswith(p)), None)

    groups: dict[str, dict[str, Tensor]] = {prefix: {} for prefix in prefixes}
    for name, value in tensors.items():
        prefix = owner(name)
        if prefix is not None:
            groups[prefix][name.removeprefix(prefix)] = value
    kinds = [
        {(name, shapes[prefix + name]) for name in group if prefix + name in shapes}
        for prefix, group in groups.items()
    ]
    small, large = min(map(len, kinds)), max(map(len, kinds))
    common = len(set.intersection(*kinds))
    covered = sum(map(len, kinds))
    if small < 3 or common < _ALIKE * large or covered < _ALIKE * len(shapes):
        return {}
    return {prefix or BARE: group for prefix, group in groups.items()}
