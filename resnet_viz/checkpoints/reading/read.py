"""Files to weights. The only place where anything is unpickled, and then weights only."""

import json
import pickle
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from resnet_viz.checkpoints.reading.file_kinds import (
    MOST_BYTES,
    MOST_ENTRIES,
    Container,
    container,
)
from resnet_viz.checkpoints.reading.onnx_initialisers import read_onnx
from resnet_viz.checkpoints.reading.pickle_imports import wanted_globals
from resnet_viz.checkpoints.reading.state_dict import StateDict, unwrap
from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import CheckpointError
from resnet_viz.pictures.decode import safe_name

_MOST_SHARDS = 100
_MOST_INDEX = 16_000_000  # bytes of a sharded file's index


def read_weights(path: str | Path) -> StateDict:
    """The tensors of a weights file by name, and what it says beside them.

    ``.pt .pth .th .ckpt .bin .tar`` (torch.save, new and old), ``.safetensors``, and the index of
    a sharded safetensors file; the initialisers of an ``.onnx`` file. Pickles are read
    with ``weights_only=True`` and nothing else; sizes are checked before memory is taken.
    Raises ``CheckpointError``.
    """
    path = Path(path)
    name = safe_name(path.name)
    match container(path):
        case Container.SAFETENSORS:
            tensors, metadata = _read_safetensors(path, name)
            return replace(unwrap(tensors, name), metadata=metadata)
        case Container.SHARDS:
            return unwrap(_read_shards(path, name), name)
        case Container.ONNX:
            return unwrap(read_onnx(path, name), name)
        case Container.ZIP:
            found = unwrap(_read_pickle(path, name, mapped=True), name)
            _check_records(found, path, name)
            return found
        case Container.LEGACY:
            return unwrap(_read_pickle(path, name), name)


def _read_safetensors(path: Path, name: str) -> tuple[dict[str, Tensor], JsonObject]:
    try:
        with safe_open(path, framework="pt") as file:
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            text = file.metadata() or {}
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError("checkpoint_damaged", name=name) from error
    try:
        return weights, {key: json.loads(value) for key, value in text.items()}
    except (ValueError, RecursionError):
        return weights, {}


def _read_shards(path: Path, name: str) -> dict[str, Tensor]:
    """All tensors of the files that an index names; they lie beside it and nowhere else."""
    if path.stat().st_size > _MOST_INDEX:
        raise CheckpointError("checkpoint_damaged", name=name)
    try:
        places = dict(json.loads(path.read_bytes())["weight_map"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError("checkpoint_damaged", name=name) from error
    files = list(dict.fromkeys(str(value) for value in places.values()))
    inside = all(Path(file).name == file and file.endswith(".safetensors") for file in files)
    if not files or not inside or len(files) > _MOST_SHARDS or len(places) > MOST_ENTRIES:
        raise CheckpointError("checkpoint_shards", name=name)
    found: dict[str, Tensor] = {}
    for file in files:
        _check_shard(path.parent / file)
        found |= _read_safetensors(path.parent / file, safe_name(file))[0]
        if sum(t.numel() * t.element_size() for t in found.values()) > MOST_BYTES:
            raise CheckpointError("checkpoint_large", name=name, most=MOST_BYTES // 1_000_000)
    return found


def _check_shard(path: Path) -> None:
    if path.is_symlink() or container(path) is not Container.SAFETENSORS:
        raise CheckpointError("checkpoint_damaged", name=safe_name(path.name))


def _check_records(weights: StateDict, path: Path, name: str) -> None:
    """Every tensor's memory is one whole entry of the archive.

    A mapped file is not read: an entry that is shorter than the pickle says would run on into the
    entry behind it, and a good file never does.
    """
    with zipfile.ZipFile(path) as archive:
        sizes = {entry.file_size for entry in archive.infolist()}
    lengths = {value.untyped_storage().nbytes() for value in weights.tensors.values()}
    if not lengths <= sizes | {0}:
        raise CheckpointError("checkpoint_damaged", name=name)


def _read_pickle(path: Path, name: str, *, mapped: bool = False) -> object:
    """With ``mapped`` the weights stay in the file until they are needed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it thinks of old formats is no news here
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except Exception as error:  # a damaged or hostile file can raise anything
        wanted = wanted_globals(path) if isinstance(error, pickle.UnpicklingError) else []
        if wanted:
            shown = ", ".join(safe_name(each) for each in wanted)
            raise CheckpointError("checkpoint_unsafe", name=name, wanted=shown) from error
        raise CheckpointError("checkpoint_damaged", name=name) from error
