"""Networks of the catalog as everything else wants them: loaded, with all that is known."""

from dataclasses import replace

from torch import nn

from resnet_viz.checkpoints.loaded import LoadedZoo
from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.checkpoints.ref import WeightChoice
from resnet_viz.checkpoints.running_statistics import set_statistics
from resnet_viz.checkpoints.sources.zoo_weights import fill_zoo, pretrained_zoo
from resnet_viz.networks.zoo.catalog import (
    build_zoo,
    zoo_classes,
    zoo_preprocessing,
    zoo_row,
)
from resnet_viz.pictures.decode import safe_name
from resnet_viz.pictures.samples import sample_batch
from resnet_viz.records import WeightSource
from resnet_viz.spec import ZooSpec


def zoo_spec(name: str) -> ZooSpec:
    """What pages have to know of a network of the catalog."""
    row = zoo_row(name)
    return ZooSpec(
        name=name,
        title=row.title,
        stages=tuple(row.stages.values()),
        input_size=row.input_size,
        input_channels=row.input_channels,
        classes=row.classes,
    )


def load_zoo(name: str, choice: WeightChoice) -> LoadedZoo:
    """A network of the catalog in evaluation mode: published weights, a file's, or fresh ones.

    Fresh ones are normalised by the statistics of the bundled photographs, as ours are. Raises
    ``CheckpointError`` for a file that does not fit.
    """
    network = _filled(name, choice)
    form = replace(zoo_spec(name), classes=_outputs(network))
    usual = zoo_classes(name)
    numbers = tuple(str(number) for number in range(form.classes))
    return LoadedZoo(
        network=network,
        source=choice.source,
        weights=choice.source.value if choice.path is None else safe_name(choice.path.name),
        classes=usual if len(usual) == form.classes else numbers,
        preprocessing=zoo_preprocessing(name),
        training={"seed": choice.seed} if choice.source is WeightSource.RANDOM else {},
        form=form,
        path=choice.path,
    )


def _outputs(network: nn.Module) -> int:
    """Of the head: a file's may differ from the published one's."""
    return [value for value in network.parameters() if value.ndim == 2][-1].shape[0]


def _filled(name: str, choice: WeightChoice) -> nn.Module:
    if choice.source is WeightSource.PRETRAINED:
        return pretrained_zoo(name)
    if choice.path is not None:
        return fill_zoo(name, read_weights(choice.path).tensors)
    network = build_zoo(name, seed=choice.seed)
    set_statistics(network, sample_batch(zoo_preprocessing(name)))
    return network.eval()
