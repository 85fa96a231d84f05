"""Untrained networks, with running statistics measured on a small batch."""

from jaxtyping import Float
from torch import Tensor

from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.checkpoints.running_statistics import set_statistics
from resnet_viz.networks.resnet.model import build
from resnet_viz.networks.zoo.labels import class_names
from resnet_viz.pictures.preprocess import preprocessing_for
from resnet_viz.records import WeightSource
from resnet_viz.spec import NetworkSpec


def load_fresh(
    spec: NetworkSpec, seed: int, batch: Float[Tensor, "batch channel height width"]
) -> LoadedNetwork:
    """The untrained network of a spec and seed, normalised by the statistics of ``batch``."""
    network = build(spec, seed=seed)
    set_statistics(network, batch)
    return LoadedNetwork(
        network=network,
        source=WeightSource.RANDOM,
        weights=WeightSource.RANDOM.value,
        classes=class_names(spec),
        preprocessing=preprocessing_for(spec),
        training={"seed": seed, "batch_norm_images": len(batch)},
    )
