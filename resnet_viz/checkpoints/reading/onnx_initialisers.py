"""The initialisers of an ONNX file as tensors: no graph is run, no other file is opened.

Every value must lie in the file itself (no external data) and be as long as its shape says.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from resnet_viz.checkpoints.reading.file_kinds import MOST_BYTES, MOST_ENTRIES
from resnet_viz.core.errors import CheckpointError

#: numpy's type of ONNX's numbers of types: FLOAT, FLOAT16, DOUBLE.
_TYPES = {1: np.float32, 10: np.float16, 11: np.float64}
_TYPED = {1: "float_data", 11: "double_data"}


def read_onnx(path: Path, name: str) -> dict[str, Tensor]:
    """Initialisers by name, in the file's order; those that are no real numbers are left out.

    Needs the package ``onnx`` (the extra ``onnx``). Raises ``CheckpointError``.
    """
    try:
        import onnx
    except ImportError as error:
        raise CheckpointError("checkpoint_onnx_missing", name=name) from error
    try:
        model = onnx.load_model(str(path), load_external_data=False)
    except Exception as error:  # a damaged or hostile file can raise anything
        raise CheckpointError("checkpoint_damaged", name=name) from error
    given = model.graph.initializer
    if len(given) > MOST_ENTRIES or len({each.name for each in given}) != len(given):
        raise CheckpointError("checkpoint_packed", name=name)
    found = {each.name: _tensor(each, name) for each in given if each.data_type in _TYPES}
    if not found:
        raise CheckpointError("checkpoint_no_weights", name=name)
    return found


def _tensor(given: Any, name: str) -> Tensor:  # noqa: ANN401  # a protobuf message
    kind, shape = _TYPES[given.data_type], tuple(given.dims)
    count = 1
    for side in shape:
        count *= side
    inside = given.data_location == 0 and not given.external_data
    if not inside or any(side < 0 for side in shape) or count > MOST_BYTES:
        raise CheckpointError("checkpoint_packed", name=name)
    width = np.dtype(kind).itemsize
    if given.raw_data:
        values = np.frombuffer(given.raw_data, kind) if len(given.raw_data) % width == 0 else None
    else:
        values = np.array(getattr(given, _TYPED.get(given.data_type, "float_data")), kind)
    if values is None or len(values) != count:
        raise CheckpointError("checkpoint_damaged", name=name)
    return torch.from_numpy(values.reshape(shape).copy())
