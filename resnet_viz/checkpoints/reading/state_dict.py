"""``StateDict``: the named tensors in the content of a weights file, and its training record."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from resnet_viz.checkpoints.reading.file_kinds import MOST_BYTES, MOST_ENTRIES
from resnet_viz.checkpoints.reading.optimiser_state import optimiser_of, ratios
from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import CheckpointError
from resnet_viz.pictures.decode import safe_name

#: Keys under which training programs save the weights, most likely first.
WRAPPERS = (
    "state_dict", "model_state_dict", "model", "net", "network", "params", "weights", "module",
    "model_state", "state_dict_ema", "model_ema", "params_ema", "ema_state_dict", "ema",
    "state", "backbone", "encoder",
)  # fmt: skip
_DEEPEST = 6  # nested wrappers
_MOST_NOTES = 60  # entries of the training record
_LONGEST_NOTE = 200  # characters
_FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
_WHOLE = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)
_COUNTER = "num_batches_tracked"
_PROFILED = ("total_ops", "total_params")  # counters that a profiler adds


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
        Metadata of a safetensors file, decoded from JSON.
    update_ratios
        ||last step|| / ||W|| by tensor, if the file has the optimiser's state.

    """

    tensors: Mapping[str, Tensor]
    training: JsonObject = field(default_factory=dict)
    metadata: JsonObject = field(default_factory=dict)
    update_ratios: Mapping[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.tensors)


def unwrap(content: object, name: str) -> StateDict:
    """Find the weights in the content of a file.

    Parameters
    ----------
    content
        What the file contains: a state dict, or a dictionary that has one under a usual key.
    name
        The file's name, for errors.

    Raises
    ------
    CheckpointError
        If there are no weights, or a tensor is sparse, quantised or longer than its storage.

    """
    notes: JsonObject = {}
    optimiser = None
    for _ in range(_DEEPEST):
        if not isinstance(content, Mapping):
            raise CheckpointError("checkpoint_no_weights", name=name)
        optimiser = optimiser_of(content) or optimiser
        wrapper = _wrapped(content)
        if wrapper is None:
            break
        _note(notes, {k: v for k, v in content.items() if k != wrapper})
        content = content[wrapper]
    if not isinstance(content, Mapping):
        raise CheckpointError("checkpoint_no_weights", name=name)
    tensors = _named(content, notes, name)
    update_ratios = {} if optimiser is None else ratios(optimiser, tensors)
    return StateDict(tensors, notes, update_ratios=update_ratios)


def _wrapped(content: Mapping[Any, Any]) -> str | None:
    """The key of the dictionary with the weights; None if ``content`` has them itself."""
    if any(isinstance(value, Tensor) and value.ndim == 4 for value in content.values()):
        return None
    mappings = [k for k, v in content.items() if isinstance(k, str) and isinstance(v, Mapping)]
    for wrapper in WRAPPERS:
        if wrapper in mappings:
            return wrapper
    return mappings[0] if len(mappings) == 1 and len(content) == 1 else None


def _named(content: Mapping[Any, Any], notes: JsonObject, name: str) -> dict[str, Tensor]:
    if len(content) > MOST_ENTRIES:
        raise CheckpointError("checkpoint_packed", name=name)
    tensors: dict[str, Tensor] = {}
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            continue
        if (value.ndim == 0 and not key.endswith(_COUNTER)) or key.endswith(_PROFILED):
            _note(notes, {key: value})
        else:
            tensors[key] = value
    if not tensors:
        raise CheckpointError("checkpoint_no_weights", name=name)
    _check_tensors(tensors, name)
    return _without_prefix(tensors)


def _check_tensors(tensors: Mapping[str, Tensor], name: str) -> None:
    """Refuse tensors that are not dense, have another type, or are longer than their storage."""
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


def _without_prefix(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Remove prefixes that all names share ("module.", "model.")."""
    while prefix := _common_prefix(tensors):
        tensors = {key.removeprefix(prefix): value for key, value in tensors.items()}
    return tensors


def _common_prefix(names: Iterable[str]) -> str | None:
    first_parts = {name.partition(".")[0] for name in names}
    too_short = any("." not in name or name.count(".") == 1 for name in names)
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
