"""A data set that stays on the device of a training, and the batches of one epoch in it."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from resnet_viz.datasets.dataset import Dataset, ImageSet
from resnet_viz.pictures.preprocess import standardised, statistics
from resnet_viz.records import ImageChanges
from resnet_viz.training.augment import Draws, cropped, draw, pad
from resnet_viz.training.recipe import Recipe


@dataclass
class ResidentData:
    """The images of a data set on a device, as bytes: four times as many fit as with float32."""

    data: Dataset
    changes: ImageChanges  # of the training images
    device: torch.device
    padded: UInt8[Tensor, "n c hp wp"] = field(init=False)
    labels: Int64[Tensor, " n"] = field(init=False)
    test: ImageSet = field(init=False)

    def __post_init__(self) -> None:
        train, test = self.data.train, self.data.test
        self.padded = pad(train.images, self.data.preprocessing.mean, self.changes.shift).to(
            self.device
        )
        self.labels = train.labels.to(self.device)
        self.test = ImageSet(test.images.to(self.device), test.labels.to(self.device))
        self.mean, self.deviation = statistics(self.data.preprocessing, self.device)

    def __len__(self) -> int:
        return len(self.labels)


class EpochBatches:
    """The batches of one epoch after another, for all networks of one recipe and data set.

    Order, crops and flips are drawn on the CPU as ``Course`` draws them. Before each epoch they are
    copied to the device, into tensors that keep their place in memory. There a batch depends only
    on the positions of its images in the epoch.

    Parameters
    ----------
    resident
        The data.
    recipe
        Seed and batch size.

    """

    def __init__(self, resident: ResidentData, recipe: Recipe) -> None:
        self.resident, self.recipe = resident, recipe
        self.steps = -(-len(resident) // recipe.batch_size)
        count, device = len(resident), resident.device
        self.order = torch.zeros(count, dtype=torch.int64, device=device)
        self.draws = Draws(
            torch.zeros(count, dtype=torch.int64, device=device),
            torch.zeros(count, dtype=torch.int64, device=device),
            torch.zeros(count, dtype=torch.bool, device=device),
        )

    def size(self, step: int) -> int:
        """Return the number of images of a step; the last batch of an epoch may be smaller."""
        return min(self.recipe.batch_size, len(self.resident) - step * self.recipe.batch_size)

    def load(self, epoch: int) -> None:
        """Copy the draws of an epoch, counted from 0, to the device."""
        generator = torch.Generator().manual_seed(self.recipe.seed * 100_003 + epoch)
        self.order.copy_(torch.randperm(len(self.resident), generator=generator))
        changes = self.resident.changes
        drawn = [draw(self.size(step), changes, generator) for step in range(self.steps)]
        for name, target in vars(self.draws).items():
            target.copy_(torch.cat([getattr(one, name) for one in drawn]))

    def batch(
        self, positions: Int64[Tensor, " b"]
    ) -> tuple[Float[Tensor, "b c h w"], Int64[Tensor, " b"]]:
        """Return augmented, normalised images and their labels; nothing is read on the host."""
        chosen = self.order[positions]
        draws = Draws(*(drawn[positions] for drawn in vars(self.draws).values()))
        pixels = cropped(self.resident.padded, chosen, draws, self.resident.changes.shift)
        images = standardised(pixels, self.resident.mean, self.resident.deviation)
        return images, self.resident.labels[chosen]
