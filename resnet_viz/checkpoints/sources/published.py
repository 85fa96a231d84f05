"""Torchvision's published weights, downloaded on first use and cached."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from torch import Tensor

from resnet_viz.checkpoints.fill import fill
from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.core.downloads import DownloadProgress, download
from resnet_viz.core.errors import CheckpointError, DownloadError
from resnet_viz.core.places import home
from resnet_viz.networks.zoo.backbones import AT_WORK
from resnet_viz.networks.zoo.catalog import ZOO
from resnet_viz.networks.zoo.labels import TORCHVISION_WEIGHTS, class_names
from resnet_viz.networks.zoo.torchvision_names import weights_named
from resnet_viz.pictures.preprocess import IMAGENET_PREPROCESSING
from resnet_viz.records import WeightSource
from resnet_viz.spec import NetworkSpec

#: Torchvision's names of the weights of presets, zoo networks and backbones.
PUBLISHED: Mapping[str, str] = {
    **TORCHVISION_WEIGHTS,
    **{name: row.weights for name, row in ZOO.items() if row.weights is not None},
    **{name: row.weights for name, row in AT_WORK.items()},
}


def published_url(name: str) -> str:
    """URL of a network's published weights; ``CheckpointError`` if none are published."""
    if name not in PUBLISHED:
        raise CheckpointError("pretrained_unknown", name=name, known=", ".join(PUBLISHED))
    return str(weights_named(PUBLISHED[name]).url)


def pretrained_file(name: str) -> Path:
    """Path of a network's downloaded weights, whether or not the file exists."""
    return home() / "pretrained" / published_url(name).rpartition("/")[2]


def fetch_pretrained(name: str) -> Iterator[DownloadProgress]:
    """Download a network's weights if they are not cached; yields progress."""
    file = pretrained_file(name)
    if not file.is_file():
        checksum = file.stem.rpartition("-")[2]  # part of the file's name
        yield from download(published_url(name), file, checksum)


def pretrained_tensors(name: str) -> Mapping[str, Tensor]:
    """The published tensors of a network, downloaded on first use.

    Raises ``DownloadError`` if the cached file is damaged, and deletes it.
    """
    for _ in fetch_pretrained(name):
        pass
    file = pretrained_file(name)
    try:
        return read_weights(file).tensors
    except CheckpointError as error:  # damaged after its checksum was verified
        file.unlink(missing_ok=True)
        raise DownloadError("download_checksum", name=file.name) from error


def published_network(spec: NetworkSpec) -> LoadedNetwork:
    """Load a preset with its ImageNet weights, downloaded on first use.

    Raises ``CheckpointError`` if none are published and ``DownloadError`` if the download fails.
    """
    weights = pretrained_tensors(spec.name)
    return LoadedNetwork(
        network=fill(spec, weights, spec.name),
        source=WeightSource.PRETRAINED,
        weights=WeightSource.PRETRAINED.value,
        classes=class_names(spec),
        preprocessing=IMAGENET_PREPROCESSING,
        training={"source": TORCHVISION_WEIGHTS[spec.name]},
    )
