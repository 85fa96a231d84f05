"""``read_weights``: read the tensors of a weights file. Nothing is unpickled anywhere else."""

import json
import pickle
import warnings
import zipfile
from collections.abc import Callable, Mapping
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
from resnet_viz.checkpoints.reading.keras_weights import read_keras
from resnet_viz.checkpoints.reading.numpy_arrays import read_npz
from resnet_viz.checkpoints.reading.onnx_initialisers import read_onnx
from resnet_viz.checkpoints.reading.pickle_imports import has_long_import, wanted_globals
from resnet_viz.checkpoints.reading.state_dict import EDGES, StateDict, unwrap
from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import CheckpointError, is_out_of_memory
from resnet_viz.pictures.decode import safe_name

_MOST_SHARDS = 100
_CUT = ("unexpected EOF", "Ran out of input", "truncated")  # what reading a cut pickle says
_NETWORKS = ("torch.nn.", "torchvision.models.", "timm.")  # a whole network is of such classes
_MOST_INDEX = 16_000_000  # bytes of a sharded file's index


def read_weights(path: str | Path, copy: str = "") -> StateDict:
    """Read the tensors and the metadata of a weights file.

    Pickles are read with ``weights_only=True``. Sizes are checked before memory is allocated.

    Parameters
    ----------
    path
        A file of ``torch.save`` (``.pt .pth .th .ckpt .bin .tar``, either format), a
        ``.safetensors`` file, the ``.json`` index of a sharded one, an ``.onnx`` file, a Keras
        file (``.h5 .keras``), or an ``.npz`` file.
    copy
        Name of the set of weights to read, if the file has several; see ``StateDict.copies``.

    Returns
    -------
    StateDict
        Tensors by name, without wrappers and common prefixes.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, too large or unsafe, or has no weights.

    """
    path = Path(path)
    form = container(path)
    found = _read(path, safe_name(path.name), form, copy)
    return replace(found, origin=replace(found.origin, container=form))


def _read(path: Path, name: str, form: Container, copy: str) -> StateDict:
    if form is Container.ZIP:
        content = _read_pickle(path, name, mapped=True)
        return unwrap(content, name, copy, storages=_entry_sizes(path))
    if form is Container.SAFETENSORS:
        tensors, metadata = _read_safetensors(path, name)
        return replace(unwrap(tensors, name, copy), metadata=metadata)
    if form is Container.KERAS:
        tensors, training, edges = read_keras(path, name)
        found = unwrap(tensors, name, copy)
        training = {**found.training, **training}
        return replace(found, training=training, metadata={EDGES: edges})
    return unwrap(_READERS[form](path, name), name, copy)


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
    """Read all tensors of the shards of an index. Shards must be in the folder of the index."""
    if path.stat().st_size > _MOST_INDEX:
        raise CheckpointError("checkpoint_damaged", name=name)
    try:
        file_of_tensor = dict(json.loads(path.read_bytes())["weight_map"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError("checkpoint_damaged", name=name) from error
    files = list(dict.fromkeys(str(value) for value in file_of_tensor.values()))
    inside = all(Path(file).name == file and file.endswith(".safetensors") for file in files)
    if not files or not inside or len(files) > _MOST_SHARDS or len(file_of_tensor) > MOST_ENTRIES:
        raise CheckpointError("checkpoint_shards", name=name)
    tensors: dict[str, Tensor] = {}
    for file in files:
        _check_shard(path.parent / file)
        tensors |= _read_safetensors(path.parent / file, safe_name(file))[0]
        if sum(t.numel() * t.element_size() for t in tensors.values()) > MOST_BYTES:
            raise CheckpointError("checkpoint_large", name=name, most=MOST_BYTES // 1_000_000)
    return tensors


def _check_shard(path: Path) -> None:
    if path.is_symlink() or container(path) is not Container.SAFETENSORS:
        raise CheckpointError("checkpoint_damaged", name=safe_name(path.name))


def _entry_sizes(path: Path) -> set[int]:
    """Sizes in bytes of the entries of an archive, and zero."""
    with zipfile.ZipFile(path) as archive:
        return {entry.file_size for entry in archive.infolist()} | {0}


def _read_pickle(path: Path, name: str, *, mapped: bool = False) -> object:
    """Unpickle weights; ``mapped`` leaves them in the file until they are used."""
    if has_long_import(path):
        raise _refusal(path, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch warns of old formats
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except Exception as error:  # a damaged or hostile file can raise anything
        if is_out_of_memory(error):
            raise CheckpointError("checkpoint_memory", name=name) from error
        if isinstance(error, EOFError) or any(word in str(error) for word in _CUT):
            raise CheckpointError("checkpoint_cut", name=name) from error
        if isinstance(error, pickle.UnpicklingError):
            raise _refusal(path, name) from error
        raise CheckpointError("checkpoint_damaged", name=name) from error


def _refusal(path: Path, name: str) -> CheckpointError:
    """The error for a pickle that is not only weights: what it would import, or that it is cut."""
    wanted = wanted_globals(path)
    if not wanted:
        return CheckpointError("checkpoint_damaged", name=name)
    whole = any(each.startswith(_NETWORKS) for each in wanted)
    names = ", ".join(safe_name(each) for each in wanted)
    return CheckpointError("checkpoint_whole" if whole else "checkpoint_unsafe",
                           name=name, wanted=names)  # fmt: skip


_READERS: Mapping[Container, Callable[[Path, str], object]] = {
    Container.SHARDS: _read_shards,
    Container.ONNX: read_onnx,
    Container.NUMPY: read_npz,
    Container.LEGACY: _read_pickle,
}
