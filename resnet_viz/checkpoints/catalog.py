"""Networks of the catalog as everything else wants them: loaded, with all that is known."""

from resnet_viz.checkpoints.foreign import foreign_pretrained
from resnet_viz.checkpoints.fresh import set_statistics
from resnet_viz.checkpoints.loaded import LoadedForeign
from resnet_viz.networks.foreign import (
    build_foreign,
    foreign_classes,
    foreign_preprocessing,
    foreign_row,
)
from resnet_viz.records import WeightSource
from resnet_viz.samples import sample_batch
from resnet_viz.spec import ForeignSpec


def foreign_spec(name: str) -> ForeignSpec:
    """What pages have to know of a network of the catalog."""
    row = foreign_row(name)
    return ForeignSpec(
        name=name,
        title=row.title,
        stages=tuple(row.stages.values()),
        input_size=row.input_size,
        input_channels=row.input_channels,
        classes=row.classes,
    )


def load_foreign(name: str, source: WeightSource, seed: int = 0) -> LoadedForeign:
    """A network of the catalog, in evaluation mode: with its published weights, or fresh ones.

    Fresh ones are normalised by the statistics of the bundled photographs, as ours are.
    """
    preprocessing = foreign_preprocessing(name)
    if source is WeightSource.PRETRAINED:
        network, training = foreign_pretrained(name), {}
    else:
        network, training = build_foreign(name, seed=seed), {"seed": seed}
        set_statistics(network, sample_batch(preprocessing))
    return LoadedForeign(
        network=network.eval(),
        source=source,
        weights=source.value,
        classes=foreign_classes(name),
        preprocessing=preprocessing,
        training=training,
        form=foreign_spec(name),
    )
