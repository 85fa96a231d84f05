"""Untrained networks, with running statistics measured on the bundled photographs."""

from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.checkpoints.running_statistics import set_statistics
from resnet_viz.core.errors import SpecError
from resnet_viz.networks.resnet.model import build
from resnet_viz.networks.zoo.labels import class_names
from resnet_viz.pictures.preprocess import preprocessing_for
from resnet_viz.pictures.samples import sample_batch
from resnet_viz.records import WeightSource
from resnet_viz.spec import NetworkSpec


def untrained_network(spec: NetworkSpec, seed: int) -> LoadedNetwork:
    """Build an untrained network and measure its running statistics on the bundled photographs.

    Raises ``SpecError`` if the network has neither 1 nor 3 input channels.
    """
    if spec.input_channels not in (1, 3):
        raise SpecError("channels_picture", channels=spec.input_channels)
    network = build(spec, seed=seed)
    batch = sample_batch(preprocessing_for(spec))
    set_statistics(network, batch)
    return LoadedNetwork(
        network=network,
        source=WeightSource.RANDOM,
        weights=WeightSource.RANDOM.value,
        classes=class_names(spec),
        preprocessing=preprocessing_for(spec),
        training={"seed": seed, "batch_norm_images": len(batch)},
    )
