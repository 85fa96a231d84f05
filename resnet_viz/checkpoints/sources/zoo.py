"""Networks of the zoo with weights: published ones, a file's, or fresh ones."""

from dataclasses import replace
from pathlib import Path

from torch import nn

from resnet_viz.checkpoints.loaded import LoadedZoo
from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.checkpoints.running_statistics import set_statistics
from resnet_viz.checkpoints.sources.zoo_weights import fill_zoo, pretrained_zoo
from resnet_viz.networks.zoo.catalog import (
    build_zoo,
    zoo_classes,
    zoo_preprocessing,
    zoo_spec,
)
from resnet_viz.pictures.decode import safe_name
from resnet_viz.pictures.samples import sample_batch
from resnet_viz.records import WeightSource


def zoo_network(
    name: str, source: WeightSource, seed: int = 0, path: Path | None = None
) -> LoadedZoo:
    """A network of the catalog in evaluation mode: published weights, a file's, or fresh ones.

    Fresh ones are normalised by the statistics of the bundled photographs, as ours are. Raises
    ``CheckpointError`` for a file that does not fit.
    """
    network = _filled(name, source, seed, path)
    form = replace(zoo_spec(name), classes=_outputs(network))
    usual = zoo_classes(name)
    numbers = tuple(str(number) for number in range(form.classes))
    return LoadedZoo(
        network=network,
        source=source,
        weights=source.value if path is None else safe_name(path.name),
        classes=usual if len(usual) == form.classes else numbers,
        preprocessing=zoo_preprocessing(name),
        training={"seed": seed} if source is WeightSource.RANDOM else {},
        form=form,
        path=path,
    )


def _outputs(network: nn.Module) -> int:
    """Of the head: a file's may differ from the published one's."""
    return [value for value in network.parameters() if value.ndim == 2][-1].shape[0]


def _filled(name: str, source: WeightSource, seed: int, path: Path | None) -> nn.Module:
    if source is WeightSource.PRETRAINED:
        return pretrained_zoo(name)
    if path is not None:
        return fill_zoo(name, read_weights(path).tensors)
    network = build_zoo(name, seed=seed)
    set_statistics(network, sample_batch(zoo_preprocessing(name)))
    return network.eval()
