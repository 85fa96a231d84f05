"""Read the weights of a Keras file as PyTorch's tensors, without TensorFlow and without its code.

``.h5`` (Keras 2 and ``save_weights``), ``.weights.h5`` and ``.keras`` (Keras 3). Kernels are stored
as height, width, in, out; batch normalisations have an epsilon of their own, which is added to the
running variance so that the same value is divided by. Only datasets of numbers are read: links to
other files and filters that need plugins are refused.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from resnet_viz.checkpoints.reading.file_kinds import MOST_BYTES, MOST_ENTRIES
from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import CheckpointError

if TYPE_CHECKING:
    import h5py

_WEIGHTS = "model.weights.h5"
_CONFIG = "config.json"
_MOST_CONFIG = 16_000_000  # bytes of a network's description
_USUAL_EPSILON = 1e-5  # PyTorch's
_KERAS_EPSILON = 1e-3
_APPLICATIONS_EPSILON = 1.001e-5
_NOTHING = np.zeros(())
_PARTS = {
    "kernel": "weight", "gamma": "weight", "bias": "bias", "beta": "bias",
    "moving_mean": "running_mean", "moving_variance": "running_var",
    "depthwise_kernel": "weight", "embeddings": "weight",
}  # fmt: skip
_CONVOLUTION = ("kernel", "bias")
_NORM = ("gamma", "beta", "moving_mean", "moving_variance")


def read_keras(path: Path, name: str) -> tuple[dict[str, Tensor], JsonObject, str]:
    """Read the tensors of a Keras file by name, its training record, and its ``EDGES``.

    Raises ``CheckpointError`` if the package ``h5py`` is not installed, or the file is damaged or
    refers to others.
    """
    try:
        import h5py
    except ImportError as error:
        raise CheckpointError("checkpoint_keras_missing", name=name) from error
    try:
        with h5py.File(_content(path), "r") as file:
            config = _config(path, file)
            layers = [*_layers(file, config)]
            tensors = _tensors(layers, _epsilons(config), name, _unsaid_epsilon(layers))
            return tensors, _training(file), _edges(config)
    except CheckpointError:
        raise
    except Exception as error:  # a damaged or hostile file can raise anything
        raise CheckpointError("checkpoint_damaged", name=name) from error


def _content(path: Path) -> "Path | io.BytesIO":
    """The HDF5 file: the file itself, or the entry of a ``.keras`` archive."""
    if not zipfile.is_zipfile(path):
        return path
    with zipfile.ZipFile(path) as archive:
        return io.BytesIO(_entry(archive, _WEIGHTS, MOST_BYTES))


def _entry(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """An uncompressed entry of an archive, read up to a limit."""
    info = archive.getinfo(name)
    if info.file_size > most or info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(name)
    return archive.read(name)


def _config(path: Path, file: "h5py.File") -> Mapping[str, Any]:
    """The description of the network, {} without one."""
    text: object = file.attrs.get("model_config")
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            text = _entry(archive, _CONFIG, _MOST_CONFIG)
    if not isinstance(text, (str, bytes)) or len(text) > _MOST_CONFIG:
        return {}
    config = json.loads(text)
    return config if isinstance(config, dict) else {}


def _layer_configs(config: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Class and settings of every layer, in order, also of nested networks."""
    inside = config.get("config")
    layers = inside.get("layers") if isinstance(inside, dict) else None
    for layer in layers if isinstance(layers, list) else ():
        if not isinstance(layer, dict) or not isinstance(layer.get("config"), dict):
            continue
        if isinstance(layer["config"].get("layers"), list):
            yield from _layer_configs(layer)
        else:
            yield str(layer.get("class_name")), layer["config"]


def _epsilons(config: Mapping[str, Any]) -> dict[str, float]:
    """Epsilon of every batch normalisation by layer."""
    return {
        str(settings.get("name")): float(settings.get("epsilon", _KERAS_EPSILON))
        for kind, settings in _layer_configs(config)
        if kind == "BatchNormalization"
    }


def _unsaid_epsilon(layers: list[tuple[str, dict[str, np.ndarray]]]) -> float:
    """The epsilon where no description says it: that of keras.applications behind its stem."""
    stems = [arrays for _, arrays in layers if arrays.get("kernel", _NOTHING).shape[:2] == (7, 7)]
    return _APPLICATIONS_EPSILON if len(stems) == 1 and "bias" in stems[0] else _KERAS_EPSILON


def _edges(config: Mapping[str, Any]) -> str:
    """Return "behind" if a convolution with a stride pads as "same", otherwise ""."""
    same = any(
        kind == "Conv2D"
        and settings.get("padding") == "same"
        and max(settings.get("strides", [1])) > 1
        and max(settings.get("kernel_size", [1])) > 1
        for kind, settings in _layer_configs(config)
    )
    return "behind" if same else ""


def _layers(
    file: "h5py.File", config: Mapping[str, Any]
) -> list[tuple[str, dict[str, np.ndarray]]]:
    """Every layer's arrays by part, in order of execution as far as the file tells it."""
    root = file.get("model_weights", file)
    if "layer_names" in root.attrs:
        return [(_text(n), _named_arrays(root[_text(n)])) for n in root.attrs["layer_names"]]
    found = dict(_numbered(root.get("layers", root), ""))
    names = _keras_3_names(config)
    if set(names) >= set(found):
        return [(shown, found[key]) for key, shown in names.items() if key in found]
    return [(key, found[key]) for key in sorted(found, key=_natural)]


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(p), "") if p.isdigit() else (-1, p) for p in re.findall(r"\d+|\D+", name)]


def _named_arrays(group: "h5py.Group") -> dict[str, np.ndarray]:
    """The arrays of a layer of Keras 2: ".../kernel:0"."""
    arrays: dict[str, np.ndarray] = {}

    def keep(name: str, value: object) -> None:
        part = name.rpartition("/")[2].partition(":")[0]
        if part in _PARTS:
            arrays[part] = _array(value)

    _visit(group, keep)
    return arrays


def _visit(group: "h5py.Group", keep: Any) -> None:  # noqa: ANN401  # a function of two values
    """Call ``keep`` with every dataset; ``ValueError`` for a link to another file."""
    import h5py

    stack, count = [("", group)], 0
    while stack:
        prefix, inside = stack.pop()
        for name in inside:
            count += 1
            link = inside.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink) or count > MOST_ENTRIES:
                raise ValueError(name)
            value = inside[name]
            if isinstance(value, h5py.Group):
                stack.append((f"{prefix}{name}/", value))
            else:
                keep(prefix + name, value)


def _array(value: Any) -> np.ndarray:  # noqa: ANN401  # h5py.Dataset, which has no types
    """The values of a dataset of floats whose bytes are all in this file."""
    if value.dtype.kind != "f" or value.external or value.is_virtual:
        raise ValueError(str(value.dtype))
    if value.size * value.dtype.itemsize > MOST_BYTES:
        raise ValueError(value.size)
    if value.chunks is None and value.id.get_storage_size() < value.size * value.dtype.itemsize:
        raise ValueError(value.size)
    return np.asarray(value[()], np.float32)


def _numbered(group: "h5py.Group", prefix: str) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """The arrays of every layer of Keras 3: "layers/conv2d_1/vars/0"."""
    found: dict[str, dict[int, np.ndarray]] = {}

    def keep(name: str, value: object) -> None:
        layer, _, place = name.rpartition("/vars/")
        if layer and place.isdigit() and not name.startswith("optimizer"):
            found.setdefault(layer.replace("/layers/", "/"), {})[int(place)] = _array(value)

    _visit(group, keep)
    for layer, arrays in found.items():
        parts = _NORM if len(arrays) == len(_NORM) else _CONVOLUTION
        values = [arrays[place] for place in sorted(arrays)]
        if all(value.ndim == 1 for value in values) or len(values) <= len(_CONVOLUTION):
            yield prefix + layer, dict(zip(parts, values, strict=False))


def _keras_3_names(config: Mapping[str, Any]) -> dict[str, str]:
    """The names of the layers' groups in order: their own names, or "conv2d", "conv2d_1"..."""
    names: dict[str, str] = {}
    counted: dict[str, int] = {}
    for kind, settings in _layer_configs(config):
        words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", kind)
        snake = re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()  # as Keras: "conv2d"
        number = counted[snake] = counted.get(snake, -1) + 1
        shown = str(settings.get("name"))
        names[f"{snake}_{number}" if number else snake] = shown
        names.setdefault(shown, shown)
    return names


def _tensors(
    layers: list[tuple[str, dict[str, np.ndarray]]],
    epsilons: Mapping[str, float],
    name: str,
    unsaid: float,
) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for layer, arrays in layers:
        for part, values in arrays.items():
            value = _turned(torch.from_numpy(values), part)
            if part == "moving_variance":
                short = layer.rpartition("/")[2]
                value = value + (epsilons.get(short, unsaid) - _USUAL_EPSILON)
            tensors[f"{layer.replace('/', '.')}.{_PARTS[part]}"] = value
    if not tensors:
        raise CheckpointError("checkpoint_no_weights", name=name)
    return tensors


def _turned(value: Tensor, part: str) -> Tensor:
    """A kernel with PyTorch's order of dimensions: out, in, height, width."""
    if part == "kernel" and value.ndim > 1:
        places = [value.ndim - 1, value.ndim - 2, *range(value.ndim - 2)]
        return value.permute(places).contiguous()
    if part == "depthwise_kernel" and value.ndim == 4:
        return value.permute(2, 3, 0, 1).flatten(0, 1).unsqueeze(1).contiguous()
    return value


def _training(file: "h5py.File") -> JsonObject:
    """The version of Keras, and the recipe's numbers, that a file records."""
    notes: JsonObject = {}
    for key in ("keras_version", "backend"):
        if key in file.attrs:
            notes[key] = _text(file.attrs[key])[:200]
    return notes
