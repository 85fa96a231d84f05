"""Train a network and keep it in a file, epoch by epoch."""

from collections.abc import Iterator
from pathlib import Path

import torch

from resnet_viz.checkpoints.save import save_checkpoint
from resnet_viz.errors import OutputError
from resnet_viz.networks.resnet import build
from resnet_viz.records import Epoch
from resnet_viz.spec import NetworkSpec
from resnet_viz.training.data import cifar10
from resnet_viz.training.loop import train
from resnet_viz.training.recipe import Recipe


def train_to_file(
    spec: NetworkSpec, recipe: Recipe, path: Path, *, device: str = "cpu"
) -> Iterator[Epoch]:
    """Train on CIFAR-10 from the recipe's seed; the file holds the last finished epoch.

    Raises ``OutputError`` before anything is computed if the file exists already.
    """
    if path.exists():
        raise OutputError("file_exists", file=str(path))
    data = cifar10()
    network = build(spec, seed=recipe.seed).to(device)
    curve: list[Epoch] = []
    for epoch in train(network, data, recipe):
        curve.append(epoch)
        save_checkpoint(
            path,
            network,
            classes=data.classes,
            preprocessing=data.preprocessing,
            training={
                "recipe": recipe.to_dict(),
                "data": data.name,
                "device": device,
                "threads": torch.get_num_threads(),
            },
            curve=curve,
        )
        yield epoch
