"""``save_checkpoint``: write weights and their metadata to a safetensors file."""

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor

from resnet_viz.core.converter import JsonObject, encode
from resnet_viz.core.errors import OutputError
from resnet_viz.core.saving import whole_file
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.networks.safetensors_bytes import safetensors_bytes
from resnet_viz.pictures.preprocess import Preprocessing
from resnet_viz.records import Epoch

SCHEMA_VERSION = 1


def save_checkpoint(
    path: Path,
    network: ResNet,
    *,
    classes: Sequence[str],
    preprocessing: Preprocessing,
    training: JsonObject,
    curve: Sequence[Epoch],
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write a network's weights to a file, with spec, training record and library versions.

    The file is written completely or not at all.

    Parameters
    ----------
    path
        The ``.safetensors`` file to write.
    network
        Supplies the weights and the spec.
    classes
        Class names, in the order of the outputs.
    preprocessing
        How the network expects its input.
    training
        Recipe, seed, data set and command, as JSON values.
    curve
        One record per epoch.
    dtype
        Type of the floating-point values in the file.

    Raises
    ------
    OutputError
        If the file cannot be written.

    """
    metadata = {
        "schema_version": SCHEMA_VERSION,
        "spec": network.spec.to_dict(),
        "classes": list(classes),
        "preprocessing": encode(preprocessing),
        "training": training,
        "curve": encode(list(curve)),
        "versions": {"torch": torch.__version__, "python": platform.python_version()},
        "saved": datetime.now(UTC).date().isoformat(),
    }
    weights = {
        name: value.to("cpu", dtype if value.is_floating_point() else value.dtype)
        for name, value in network.state_dict().items()
    }
    write_safetensors(path, weights, metadata)


def write_safetensors(path: Path, tensors: Mapping[str, Tensor], metadata: JsonObject) -> None:
    """Write tensors and their metadata, which becomes JSON; completely or not at all.

    Raises ``OutputError`` if the file cannot be written.
    """
    try:
        with whole_file(path) as partial:
            partial.write_bytes(safetensors_bytes(tensors, metadata))
    except (OSError, SafetensorError) as error:
        raise OutputError("file_not_writable", file=str(path)) from error
