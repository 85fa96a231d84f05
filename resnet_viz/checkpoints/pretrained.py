"""torchvision's ImageNet weights, downloaded once and kept."""

from collections.abc import Iterator
from pathlib import Path

from resnet_viz.checkpoints.filling import fill
from resnet_viz.checkpoints.load import read_weights
from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.downloads import Progress, download
from resnet_viz.errors import CheckpointError, DownloadError
from resnet_viz.images import IMAGENET_PREPROCESSING
from resnet_viz.networks.catalog import TORCHVISION_WEIGHTS, class_names
from resnet_viz.places import home
from resnet_viz.records import WeightSource
from resnet_viz.spec import NetworkSpec


def pretrained_file(name: str) -> Path:
    """Where a network's downloaded weights lie, or will lie."""
    if name not in TORCHVISION_WEIGHTS:
        known = ", ".join(TORCHVISION_WEIGHTS)
        raise CheckpointError("pretrained_unknown", name=name, known=known)
    url: str = TORCHVISION_WEIGHTS[name].url
    return home() / "pretrained" / url.rpartition("/")[2]


def fetch_pretrained(name: str) -> Iterator[Progress]:
    """Download a network's weights unless they are there; yields progress."""
    file = pretrained_file(name)
    if not file.is_file():
        checksum = file.stem.rpartition("-")[2]  # torchvision puts it into the file's name
        yield from download(TORCHVISION_WEIGHTS[name].url, file, checksum)


def load_pretrained(name: str) -> LoadedNetwork:
    """Torchvision's network with its ImageNet weights, downloaded if need be."""
    for _ in fetch_pretrained(name):
        pass
    spec = NetworkSpec.preset(name)
    file = pretrained_file(name)
    try:
        weights = read_weights(file).tensors
    except CheckpointError as error:  # the copy on disk was damaged after it had been checked
        file.unlink(missing_ok=True)
        raise DownloadError("download_checksum", name=file.name) from error
    return LoadedNetwork(
        network=fill(spec, weights, name),
        source=WeightSource.PRETRAINED,
        weights=WeightSource.PRETRAINED.value,
        classes=class_names(spec),
        preprocessing=IMAGENET_PREPROCESSING,
        training={"source": str(TORCHVISION_WEIGHTS[name])},
    )
