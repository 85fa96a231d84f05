"""Load zoo networks with published weights, a file's weights or random weights."""

from dataclasses import replace
from pathlib import Path

from torch import nn

from resnet_viz.checkpoints.loaded import LoadedZoo
from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.checkpoints.running_statistics import set_statistics
from resnet_viz.checkpoints.sources.zoo_weights import fill_zoo, pretrained_zoo
from resnet_viz.networks.zoo.build_zoo import build_zoo, zoo_classes, zoo_preprocessing
from resnet_viz.networks.zoo.catalog import zoo_spec
from resnet_viz.pictures.decode import safe_name
from resnet_viz.pictures.samples import sample_batch
from resnet_viz.records import WeightSource


def zoo_network(
    name: str, source: WeightSource, seed: int = 0, path: Path | None = None
) -> LoadedZoo:
    """Load a zoo network, in evaluation mode.

    Parameters
    ----------
    name
        A key of ``ZOO``.
    source
        ``PRETRAINED``, ``FILE`` or ``RANDOM``. With random weights, the running statistics are
        measured on the bundled photographs.
    seed
        Seed of random weights.
    path
        The weights file of ``FILE``.

    Raises
    ------
    CheckpointError
        If the file does not fit the network.
    DownloadError
        If published weights cannot be downloaded.

    """
    network = _filled(name, source, seed, path)
    spec = replace(zoo_spec(name), classes=_outputs(network))
    class_names = zoo_classes(name)
    numbers = tuple(str(number) for number in range(spec.classes))
    return LoadedZoo(
        network=network,
        source=source,
        weights=source.value if path is None else safe_name(path.name),
        classes=class_names if len(class_names) == spec.classes else numbers,
        preprocessing=zoo_preprocessing(name),
        training={"seed": seed} if source is WeightSource.RANDOM else {},
        form=spec,
        path=path,
    )


def _outputs(network: nn.Module) -> int:
    """Outputs of the head. A file may have another number of classes than the published weights."""
    return [value for value in network.parameters() if value.ndim == 2][-1].shape[0]


def _filled(name: str, source: WeightSource, seed: int, path: Path | None) -> nn.Module:
    if source is WeightSource.PRETRAINED:
        return pretrained_zoo(name)
    if path is not None:
        return fill_zoo(name, read_weights(path).tensors)
    network = build_zoo(name, seed=seed)
    set_statistics(network, sample_batch(zoo_preprocessing(name)))
    return network.eval()
