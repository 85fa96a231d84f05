"""Weights to a safetensors file that says what they are."""

import json
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from resnet_viz.core.converter import JsonObject, encode
from resnet_viz.core.errors import OutputError
from resnet_viz.core.saving import whole_file
from resnet_viz.networks.resnet.model import ResNet
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
    """Write weights with spec, classes, preprocessing, recipe, curve and versions inside.

    ``training`` says how the weights came to be (recipe, seed, data, command), as JSON values;
    ``dtype`` is that of floating-point values in the file.
    The file appears whole or not at all; ``OutputError`` where it cannot be written.
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
        name: value.to("cpu", dtype if value.is_floating_point() else value.dtype).contiguous()
        for name, value in network.state_dict().items()
    }
    text = {name: json.dumps(value) for name, value in metadata.items()}
    try:
        with whole_file(path) as partial:
            save_file(weights, partial, metadata=text)
            partial.chmod(0o644)  # safetensors writes for the owner alone
    except (OSError, SafetensorError) as error:
        raise OutputError("file_not_writable", file=str(path)) from error
