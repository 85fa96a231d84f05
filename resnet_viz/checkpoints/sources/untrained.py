"""Untrained networks that can be looked at: normalised by the statistics of a small batch.

A fresh network in evaluation mode divides by running statistics that were never measured, which
is no normalisation at all, and then the residual network looks like the sick one. So its running
statistics are set once to those of a bundled batch, layer by layer, as training mode would.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.checkpoints.loaded import LoadedNetwork
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


def set_statistics(network: nn.Module, batch: Float[Tensor, "batch channel height width"]) -> None:
    """Set every running mean and variance to those of one batch; ends in evaluation mode.

    Only the normalisation is in training mode meanwhile: nothing is dropped by chance.
    """
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average over batches, of which there is one
        norm.train()
    try:
        with torch.no_grad():
            network(batch)
    finally:
        network.eval()
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
