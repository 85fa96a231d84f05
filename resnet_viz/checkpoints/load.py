"""Files to weights. The only place where anything is unpickled, and then weights only."""

import json
import pickle
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.errors import CheckpointError
from resnet_viz.images import Preprocessing, preprocessing_for
from resnet_viz.networks.catalog import class_names
from resnet_viz.networks.resnet import ResNet, build
from resnet_viz.records import WeightSource
from resnet_viz.spec import NetworkSpec

_MOST_BYTES = 1_000_000_000
_WRAPPERS = ("state_dict", "model_state_dict", "model")
_PREFIXES = ("module.", "_orig_mod.", "model.")


def load_checkpoint(path: str | Path, spec: NetworkSpec | None = None) -> LoadedNetwork:
    """The network of a ``.safetensors`` file, or of a state dict saved by ``torch.save``.

    A file written by this library says what it is; for any other, ``spec`` must. Every tensor must
    match by name and shape. Pickles are read with ``weights_only=True`` and nothing else: a file
    that wants to run code is refused. Raises ``CheckpointError``.
    """
    path = Path(path)
    weights, metadata = read_weights(path)
    try:
        described = _described(metadata, spec)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise CheckpointError("checkpoint_metadata", name=path.name) from error
    if described is None:
        raise CheckpointError("checkpoint_no_spec", name=path.name)
    own, classes, preprocessing = described
    return LoadedNetwork(
        network=fill(own, weights, path.name),
        source=WeightSource.FILE,
        weights=path.name,
        classes=classes,
        preprocessing=preprocessing,
        training={key: metadata[key] for key in ("training", "curve") if key in metadata},
    )


def _described(
    metadata: Mapping[str, Any], spec: NetworkSpec | None
) -> tuple[NetworkSpec, tuple[str, ...], Preprocessing] | None:
    """What the file says of itself; ``spec`` stands in where it says nothing."""
    if "spec" in metadata:
        spec = NetworkSpec.from_dict(dict(metadata["spec"]))
    if spec is None:
        return None
    classes = tuple(str(name) for name in metadata.get("classes", class_names(spec)))
    if len(classes) != spec.classes:
        raise ValueError(len(classes))
    return spec, classes, _preprocessing(metadata, spec)


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors by name, and the metadata ({} for a pickle)."""
    if not path.is_file():
        raise CheckpointError("checkpoint_missing", name=path.name)
    if path.stat().st_size > _MOST_BYTES:
        raise CheckpointError("checkpoint_large", name=path.name, most=_MOST_BYTES // 1_000_000)
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    return _unwrapped(_read_pickle(path), path.name), {}


def fill(spec: NetworkSpec, weights: Mapping[str, Tensor], name: str) -> ResNet:
    """A network of ``spec`` in evaluation mode with exactly these weights."""
    with torch.device("meta"):  # a file may claim terabytes: compare before anything is allocated
        own = ResNet(spec).state_dict()
    given = dict(weights)
    for key in own:
        if key.endswith("num_batches_tracked"):
            given.setdefault(key, torch.zeros((), dtype=torch.long))
    _check_match(own, given, spec, name)
    network = build(spec, seed=0)
    network.load_state_dict(given)
    return network.eval()


def _check_match(
    own: Mapping[str, Tensor], given: Mapping[str, Tensor], spec: NetworkSpec, name: str
) -> None:
    matched = [k for k in own if k in given and own[k].shape == given[k].shape]
    wrong = [k for k in own if k not in matched] + [k for k in given if k not in own]
    if wrong:
        raise CheckpointError(
            "checkpoint_mismatch",
            name=name,
            network=spec.name,
            matched=len(matched),
            total=len(own),
            first=wrong[0],
        )


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            text = file.metadata() or {}
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError("checkpoint_damaged", name=path.name) from error
    try:
        return weights, {key: json.loads(value) for key, value in text.items()}
    except ValueError:
        return weights, {}


def _read_pickle(path: Path) -> object:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged or hostile file can raise anything
        refused = isinstance(error, pickle.UnpicklingError)
        unsafe = refused and "unsupported global" in str(error).lower()
        code = "checkpoint_unsafe" if unsafe else "checkpoint_damaged"
        raise CheckpointError(code, name=path.name) from error


def _unwrapped(content: object, name: str) -> dict[str, Tensor]:
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping):
        raise CheckpointError("checkpoint_no_weights", name=name)
    tensors = {k: v for k, v in content.items() if isinstance(k, str) and isinstance(v, Tensor)}
    if not tensors:
        raise CheckpointError("checkpoint_no_weights", name=name)
    while prefix := _common_prefix(tensors):
        tensors = {key.removeprefix(prefix): value for key, value in tensors.items()}
    return tensors


def _common_prefix(names: Iterable[str]) -> str | None:
    return next((p for p in _PREFIXES if all(name.startswith(p) for name in names)), None)


def _preprocessing(metadata: Mapping[str, Any], spec: NetworkSpec) -> Preprocessing:
    if "preprocessing" not in metadata:
        return preprocessing_for(spec)
    values = metadata["preprocessing"]
    return Preprocessing(
        size=int(values["size"]),
        resize=int(values["resize"]),
        mean=_channels(values["mean"]),
        deviation=_channels(values["deviation"]),
    )


def _channels(values: Any) -> tuple[float, ...]:  # noqa: ANN401  # from JSON
    return tuple(float(value) for value in values)
