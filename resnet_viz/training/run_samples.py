"""Test images that a training keeps beside its weights, so that other pages can show them."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from resnet_viz.core.saving import whole_file
from resnet_viz.datasets.dataset import Dataset, ImageSet, in_turn
from resnet_viz.datasets.dataset_pictures import OFFERED
from resnet_viz.networks.safetensors_bytes import safetensors_bytes
from resnet_viz.training.watched import watched

SAMPLES_FILE = "samples.safetensors"


def save_samples(data: Dataset, folder: Path) -> None:
    """Write the watched test images and the first others of each class, 20 in all."""
    first = watched(data)
    order = in_turn(data.test.labels, len(data.classes))[: 2 * OFFERED]
    others = data.test.at(order)
    new = [
        number
        for number, image in enumerate(others.images)
        if not any(torch.equal(image, one) for one in first.images)
    ][: max(0, OFFERED - len(first))]
    chosen = others.at(torch.tensor(new, dtype=torch.int64))
    tensors = {
        "images": torch.cat([first.images, chosen.images]),
        "labels": torch.cat([first.labels, chosen.labels]),
    }
    with whole_file(folder / SAMPLES_FILE) as partial:
        partial.write_bytes(safetensors_bytes(tensors, {}))


def read_samples(folder: Path) -> ImageSet | None:
    """Read what ``save_samples`` wrote; None if it is missing or damaged."""
    try:
        tensors = load_file(folder / SAMPLES_FILE)
        return ImageSet(tensors["images"], tensors["labels"])
    except (OSError, SafetensorError, KeyError):
        return None
