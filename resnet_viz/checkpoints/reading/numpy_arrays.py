"""Read the arrays of an ``.npz`` file as tensors; nothing is unpickled."""

import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from resnet_viz.checkpoints.reading.file_kinds import MOST_BYTES, MOST_ENTRIES
from resnet_viz.core.errors import CheckpointError

_PARTS = {"kernel": "weight", "gamma": "weight", "beta": "bias", "w": "weight", "b": "bias"}


def read_npz(path: Path, name: str) -> dict[str, Tensor]:
    """Read every array of numbers; kernels of JAX and TensorFlow get PyTorch's order.

    Raises ``CheckpointError`` if the file is damaged, too large, or has objects instead of numbers.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
        if len(entries) > MOST_ENTRIES or sum(e.file_size for e in entries) > MOST_BYTES:
            raise CheckpointError("checkpoint_packed", name=name)
        with np.load(path, allow_pickle=False) as arrays:
            found = {key: np.asarray(arrays[key]) for key in arrays.files}
        tensors = {
            key: torch.from_numpy(values.astype(np.float32))
            for key, values in found.items()
            if values.dtype.kind == "f"
        }
    except CheckpointError:
        raise
    except Exception as error:  # a damaged or hostile file can raise anything
        raise CheckpointError("checkpoint_damaged", name=name) from error
    if not tensors:
        raise CheckpointError("checkpoint_no_weights", name=name)
    return dict(_ours(key, value) for key, value in tensors.items())


def _ours(key: str, value: Tensor) -> tuple[str, Tensor]:
    """An array under a dotted name; ".../kernel" with the dimensions out, in, height, width."""
    stem, _, last = key.replace("/", ".").rpartition(".")
    name = f"{stem}.{_PARTS.get(last, last)}" if stem else last
    if last in ("kernel", "w") and value.ndim > 1:
        places = [value.ndim - 1, value.ndim - 2, *range(value.ndim - 2)]
        value = value.permute(places).contiguous()
    return name, value
