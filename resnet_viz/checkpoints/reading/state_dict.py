"""``StateDict``: the named tensors in the content of a weights file, and its training record."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from resnet_viz.checkpoints.reading.copies import Copy, choose, copies
from resnet_viz.checkpoints.reading.file_kinds import MOST_BYTES, MOST_ENTRIES, Container
from resnet_viz.checkpoints.reading.merging import Merged, merge
from resnet_viz.checkpoints.reading.optimiser_state import OptimiserState, optimiser_of, ratios
from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import CheckpointError
from resnet_viz.pictures.decode import safe_name

#: Metadata of a file that TensorFlow or JAX wrote: "behind" if its convolutions are known to pad
#: so, otherwise "".
EDGES = "edges"
_MOST_NOTES = 60  # entries of the training record
_LONGEST_NOTE = 200  # characters
_FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
_WHOLE = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)
#: Tensors of one value that belong to the weights: counters of batches, g of weight norm.
_KEPT = ("num_batches_tracked", "weight_g", "original0", "alpha")
_PROFILED = ("total_ops", "total_params")  # counters that a profiler adds


@dataclass(frozen=True)
class Origin:
    """Where tensors stand in their file, and what was taken off their names.

    Parameters
    ----------
    container
        Format of the file; None if the tensors were not read from one.
    path
        Keys that lead to their dictionary.
    copy
        What the names of this set of weights begin with, beside other sets; None if the tensors are
        of several dictionaries.
    prefixes
        What was taken off the names, one after the other.

    """

    container: Container | None = None
    path: tuple[str | int, ...] = ()
    copy: str | None = ""
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class StateDict:
    """The content of a weights file.

    Parameters
    ----------
    tensors
        Tensors by name, in the file's order, without wrappers and common prefixes.
    training
        All other numbers and strings of the file: epoch, accuracy, learning rate.
    metadata
        Metadata of a safetensors file, decoded from JSON; ``EDGES`` of a foreign file.
    update_ratios
        ||last step|| / ||W|| by tensor, if the file has the optimiser's state.
    copies
        Names of every set of weights in the file; () if there is only one.
    copy
        The one that was read; "" if there is only one.
    merged
        Weights that were put together from their parts.
    origin
        Where the tensors stand in the file.

    """

    tensors: Mapping[str, Tensor]
    training: JsonObject = field(default_factory=dict)
    metadata: JsonObject = field(default_factory=dict)
    update_ratios: Mapping[str, float] = field(default_factory=dict)
    copies: tuple[str, ...] = ()
    copy: str = ""
    merged: tuple[Merged, ...] = ()
    origin: Origin = Origin()

    def __len__(self) -> int:
        return len(self.tensors)


def unwrap(
    content: object, name: str, copy: str = "", *, storages: Set[int] | None = None
) -> StateDict:
    """Find the weights in the content of a file.

    Parameters
    ----------
    content
        What the file contains: a state dict, or dictionaries and lists with one or more.
    name
        The file's name, for errors.
    copy
        Name of the set of weights to read; by default the most usual one that was trained.
    storages
        Sizes in bytes that the storage of a tensor may have; any by default.

    Raises
    ------
    CheckpointError
        If there are no weights or none of that name, or a tensor is sparse, quantised or longer
        than its storage.

    """
    found = copies(content)
    if not found:
        raise CheckpointError("checkpoint_no_weights", name=name)
    chosen = choose(found, copy, name)
    notes: JsonObject = {}
    optimiser = _beside(content, chosen, notes)
    tensors, merged = merge(_checked(chosen.tensors, notes, name, storages))
    tensors, prefixes = without_prefix(tensors)
    return StateDict(
        tensors,
        notes,
        update_ratios={} if optimiser is None else ratios(optimiser, tensors),
        copies=tuple(each.name for each in found) if len(found) > 1 else (),
        copy=chosen.name if len(found) > 1 else "",
        merged=merged,
        origin=Origin(path=chosen.path, copy=chosen.prefix, prefixes=prefixes),
    )


def _beside(content: object, chosen: Copy, notes: JsonObject) -> OptimiserState | None:
    """Note what stands beside the weights, and return the optimiser's state."""
    optimiser = None
    for key in (*chosen.path, None):
        optimiser = optimiser_of(content) or optimiser
        if isinstance(content, Mapping):
            inside = key is None  # the dictionary of the weights itself
            beside = {k: v for k, v in content.items() if not (inside and isinstance(v, Tensor))}
            _note(notes, {k: v for k, v in beside.items() if k != key})
        if key is not None:
            content = content[key]  # type: ignore[index]  # the path was walked in this content
    return optimiser


def _checked(
    content: Mapping[str, Tensor], notes: JsonObject, name: str, storages: Set[int] | None
) -> dict[str, Tensor]:
    """The tensors of a copy without counters, which are noted."""
    if len(content) > MOST_ENTRIES:
        raise CheckpointError("checkpoint_packed", name=name)
    tensors: dict[str, Tensor] = {}
    for key, value in content.items():
        if (value.ndim == 0 and not key.endswith(_KEPT)) or key.endswith(_PROFILED):
            _note(notes, {key: value})
        else:
            tensors[key] = value
    if not tensors:
        raise CheckpointError("checkpoint_no_weights", name=name)
    _check_tensors(tensors, name, storages)
    return tensors


def _check_tensors(tensors: Mapping[str, Tensor], name: str, storages: Set[int] | None) -> None:
    """Refuse tensors that are not dense, have another type, or are longer than their storage.

    With ``mmap`` PyTorch does not read the entries of an archive: a tensor longer than its entry
    would show the bytes of the next one, so its storage must be as long as an entry.
    """
    total = 0
    for key, value in tensors.items():
        dense = value.layout is torch.strided and not value.is_meta and not value.is_quantized
        if not dense or value.dtype not in (*_FLOATS, *_WHOLE):
            kind = str(value.dtype).removeprefix("torch.")
            raise CheckpointError("checkpoint_tensor", name=name, tensor=safe_name(key), given=kind)
        needed = value.numel() * value.element_size()
        total += needed
        if needed > value.untyped_storage().nbytes() or total > MOST_BYTES:
            raise CheckpointError("checkpoint_packed", name=name)
        if storages is not None and value.untyped_storage().nbytes() not in storages:
            raise CheckpointError("checkpoint_damaged", name=name)


def without_prefix(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Remove prefixes that all convolutions share ("module.", "model."), from every name.

    Returns the tensors, and the prefixes in the order of their removal.
    """
    tensors, removed = dict(tensors), []
    while prefix := _common_prefix(tensors):
        shorter = {key.removeprefix(prefix): value for key, value in tensors.items()}
        if len(shorter) < len(tensors):  # a name occurs with and without the prefix
            break
        tensors = shorter
        removed.append(prefix)
    return tensors, tuple(removed)


def _common_prefix(tensors: Mapping[str, Tensor]) -> str | None:
    convolutions = [key for key, value in tensors.items() if value.ndim == 4]
    names = convolutions or [*tensors]
    first_parts = {name.partition(".")[0] for name in names}
    too_short = any(name.count(".") < 2 for name in names)
    return f"{first_parts.pop()}." if len(first_parts) == 1 and not too_short else None


def _note(notes: JsonObject, content: Mapping[Any, Any], path: str = "", depth: int = 0) -> None:
    """Copy numbers and strings to ``notes``, also from small nested mappings; skip tensors."""
    for key, value in content.items():
        if len(notes) >= _MOST_NOTES or not isinstance(key, str):
            return
        name = safe_name(f"{path}{key}")
        match value:
            case bool() | int() | float() | str():
                notes[name] = value[:_LONGEST_NOTE] if isinstance(value, str) else value
            case Tensor() if value.numel() == 1 and not value.is_meta:
                notes[name] = value.item()
            case Mapping() if depth < 2 and len(value) <= _MOST_NOTES:
                _note(notes, value, f"{path}{key}.", depth + 1)
            case list() if value and isinstance(value[0], Mapping) and depth < 2:
                _note(notes, value[0], f"{path}{key}.", depth + 1)
