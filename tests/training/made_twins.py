"""Tiny twins on sixteen made images, for tests of trainings of many pairs."""

from dataclasses import replace

import torch

from resnet_viz.datasets.dataset import Dataset
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING
from resnet_viz.spec import NetworkSpec
from resnet_viz.training.config import TrainingConfig
from resnet_viz.training.recipe import Recipe, Schedule
from tests.training.made import made

CPU = torch.device("cpu")
SPEC = NetworkSpec(depths=(1, 1), widths=(4, 8), classes=4, input_size=8)
BOTH = made(side=8)  # sixteen images: two batches of six and one of four
DATA = Dataset("made", ("a", "b", "c", "d"), CIFAR_PREPROCESSING, BOTH, BOTH)
RECIPE = Recipe(epochs=3, learning_rate=0.05, schedule=Schedule.COSINE, batch_size=6, seed=3)
CONFIG = TrainingConfig(network=SPEC, pair=True, data="made", recipe=RECIPE, every=2)


def small_config(self, recipe, changes, device="cpu"):
    given = {name: value for name, value in {**changes, "seed": self.seed}.items() if value}
    return replace(CONFIG, recipe=RECIPE.changed(given))
