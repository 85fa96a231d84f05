"""Small data that can be learned, and a network small enough to learn it in a moment."""

import torch

from resnet_viz import NetworkSpec
from resnet_viz.datasets.dataset import Dataset, ImageSet
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING
from resnet_viz.training.recipe import Recipe, Schedule

SPEC = NetworkSpec(depths=(1, 1), widths=(8, 16), classes=4)
BRIEF = Recipe(epochs=2, learning_rate=0.05, schedule=Schedule.STEPS, batch_size=6, seed=3)


def made(count=16, side=32, classes=4, seed=0):
    """Coarse patterns: they survive a crop and a flip."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randint(0, 256, (count, 3, 2, 2), generator=generator).float()
    images = torch.nn.functional.interpolate(coarse, side, mode="nearest").to(torch.uint8)
    labels = torch.randint(0, classes, (count,), generator=generator)
    return ImageSet(images, labels)


def dataset(count=16):
    both = made(count)
    return Dataset("made", ("a", "b", "c", "d"), CIFAR_PREPROCESSING, both, both)
