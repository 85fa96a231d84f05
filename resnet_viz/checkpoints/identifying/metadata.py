"""Read spec, classes and preprocessing from the metadata of a weights file."""

from pathlib import Path
from typing import Any

from resnet_viz.checkpoints.reading.file_metadata import file_metadata
from resnet_viz.checkpoints.reading.state_dict import StateDict
from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import CheckpointError, SpecError
from resnet_viz.networks.zoo.labels import class_names
from resnet_viz.pictures.preprocess import ChannelOrder, Preprocessing, preprocessing_for
from resnet_viz.spec import NetworkSpec

_SMALLEST, _LARGEST = 1e-4, 1e3  # of a deviation; pixels up to 255 have means beyond 1
_TIMES_THE_SIZE = 4  # that a network which pools over all positions was trained at


def described(
    weights: StateDict, spec: NetworkSpec | None, name: str
) -> tuple[NetworkSpec, tuple[str, ...], Preprocessing] | None:
    """Read spec, classes and preprocessing of a file.

    Parameters
    ----------
    weights
        The content of the file.
    spec
        Used if the file does not contain a spec.
    name
        The file's name, for errors.

    Returns
    -------
    tuple or None
        Spec, class names and preprocessing; None if the file has no spec and ``spec`` is None.

    Raises
    ------
    CheckpointError
        If the metadata is invalid.

    """
    try:
        return _described(weights.metadata, spec)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise CheckpointError("checkpoint_metadata", name=name) from error


def file_spec(path: Path) -> NetworkSpec:
    """Read the spec in a weights file of this library, without reading its weights.

    Raises ``CheckpointError`` if it contains none.
    """
    try:
        return NetworkSpec.from_dict(file_metadata(path)["spec"])
    except (ValueError, KeyError, TypeError, SpecError) as error:
        raise CheckpointError("checkpoint_metadata", name=path.name) from error


def file_classes(path: Path) -> tuple[str, ...]:
    """Read the class names in a weights file of this library; empty if it has none."""
    try:
        return tuple(map(str, file_metadata(path)["classes"]))
    except (CheckpointError, KeyError, TypeError):
        return ()


def _described(
    metadata: JsonObject, spec: NetworkSpec | None
) -> tuple[NetworkSpec, tuple[str, ...], Preprocessing] | None:
    if "spec" in metadata:
        spec = NetworkSpec.from_dict(dict(metadata["spec"]))
    if spec is None:
        return None
    classes = tuple(str(name) for name in metadata.get("classes", class_names(spec)))
    if len(classes) != spec.classes:
        raise ValueError(len(classes))
    return spec, classes, _preprocessing(metadata, spec)


def _preprocessing(metadata: JsonObject, spec: NetworkSpec) -> Preprocessing:
    if "preprocessing" not in metadata:
        return preprocessing_for(spec)
    values = metadata["preprocessing"]
    told = Preprocessing(
        size=int(values["size"]),
        resize=int(values["resize"]),
        mean=_channels(values["mean"]),
        deviation=_channels(values["deviation"]),
        order=ChannelOrder(values.get("order", ChannelOrder.RGB)),
    )
    if not _usable(told, spec):
        raise ValueError(told)
    return told


def _usable(told: Preprocessing, spec: NetworkSpec) -> bool:
    """Whether pictures can be prepared so: the network's channels, no division by zero, a size that
    is not far above the network's own. The edge is scaled to at most twice the crop (torchvision:
    1.15 times).
    """
    channels = spec.input_channels
    return (
        0 < told.size <= _TIMES_THE_SIZE * spec.input_size
        and told.size <= told.resize <= 2 * told.size
        and len(told.mean) == len(told.deviation) == channels
        and all(abs(value) <= _LARGEST for value in told.mean)
        and all(_SMALLEST <= value <= _LARGEST for value in told.deviation)
    )


def _channels(values: Any) -> tuple[float, ...]:  # noqa: ANN401  # from JSON
    return tuple(float(value) for value in values)
