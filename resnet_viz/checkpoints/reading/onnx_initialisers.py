"""Read the initialisers of an ONNX file as tensors, without running its graph.

All values must be stored in the file itself (no external data) and match their shapes.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from resnet_viz.checkpoints.reading.file_kinds import MOST_BYTES, MOST_ENTRIES
from resnet_viz.core.errors import CheckpointError

#: NumPy types of ONNX's FLOAT, FLOAT16 and DOUBLE.
_TYPES = {1: np.float32, 10: np.float16, 11: np.float64}
_TYPED = {1: "float_data", 11: "double_data"}


def read_onnx(path: Path, name: str) -> dict[str, Tensor]:
    """Read the floating-point initialisers of an ONNX file.

    Parameters
    ----------
    path
        The file.
    name
        The file's name, for errors.

    Returns
    -------
    dict
        Tensors by name, in the file's order.

    Raises
    ------
    CheckpointError
        If the package ``onnx`` is not installed, the file is damaged or refers to other files, or
        it has no floating-point initialiser.

    """
    try:
        import onnx
    except ImportError as error:
        raise CheckpointError("checkpoint_onnx_missing", name=name) from error
    try:
        model = onnx.load_model(str(path), load_external_data=False)
    except Exception as error:  # a damaged or hostile file can raise anything
        raise CheckpointError("checkpoint_damaged", name=name) from error
    initialisers = model.graph.initializer
    if len(initialisers) > MOST_ENTRIES or len({each.name for each in initialisers}) != len(
        initialisers
    ):
        raise CheckpointError("checkpoint_packed", name=name)
    tensors = {each.name: _tensor(each, name) for each in initialisers if each.data_type in _TYPES}
    if not tensors:
        raise CheckpointError("checkpoint_no_weights", name=name)
    return tensors


def _tensor(initialiser: Any, name: str) -> Tensor:  # noqa: ANN401  # a protobuf message
    kind, shape = _TYPES[initialiser.data_type], tuple(initialiser.dims)
    count = 1
    for side in shape:
        count *= side
    inside = initialiser.data_location == 0 and not initialiser.external_data
    if not inside or any(side < 0 for side in shape) or count > MOST_BYTES:
        raise CheckpointError("checkpoint_packed", name=name)
    width = np.dtype(kind).itemsize
    if initialiser.raw_data:
        values = (
            np.frombuffer(initialiser.raw_data, kind)
            if len(initialiser.raw_data) % width == 0
            else None
        )
    else:
        values = np.array(
            getattr(initialiser, _TYPED.get(initialiser.data_type, "float_data")), kind
        )
    if values is None or len(values) != count:
        raise CheckpointError("checkpoint_damaged", name=name)
    return torch.from_numpy(values.reshape(shape).copy())
