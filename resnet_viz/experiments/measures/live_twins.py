"""A short training of twins of several depths on a small data set."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import nn

from resnet_viz.datasets.load_dataset import load_dataset
from resnet_viz.networks.resnet.model import build
from resnet_viz.records import Epoch, Pair
from resnet_viz.spec import NetworkSpec
from resnet_viz.training.course import train
from resnet_viz.training.recipe import Augmentation, Recipe, Schedule


@dataclass(frozen=True)
class ShortTraining:
    """The state of a short training."""

    errors: Mapping[str, list[float]]  # training error of each epoch in percent, by network name
    share: float  # done, 0 to 1

    def final_errors(self) -> dict[str, float]:
        """Return the last training errors of the shallowest and the deepest twins, in percent."""
        depths = sorted(int(name.removeprefix("plain")) for name in self.errors if "plain" in name)
        return {
            f"live_{kind}_{word}": self.errors[f"{kind}{depth}"][-1]
            for kind in ("plain", "resnet")
            for word, depth in (("shallow", depths[0]), ("deep", depths[-1]))
        }


def train_twins(
    depths: tuple[int, ...], *, data: str, images: int, epochs: int, seed: int
) -> Iterator[ShortTraining]:
    """Train twins of each depth on the same images, shallow before deep.

    All networks use SGD with momentum, a constant learning rate of 0.05, batches of 64 and no
    augmentation.

    Parameters
    ----------
    depths
        Depths of the twins, each 6n + 2.
    data
        Name of a data set.
    images
        Number of training images.
    epochs
        Number of epochs.
    seed
        Seed of the weights, the images and their order.

    Yields
    ------
    ShortTraining
        The state after each step; the last has ``share`` 1.

    """
    recipe = Recipe(
        epochs=epochs,
        learning_rate=0.05,
        schedule=Schedule.CONSTANT,
        batch_size=64,
        augmentation=Augmentation.NONE,
        images=images,
        test_images=100,
        seed=seed,
        threads=2,  # one each: the page, the command and a worker find the same errors
    )
    subset = load_dataset(data).subset(recipe.images, recipe.test_images, recipe.seed)
    steps = epochs * -(-len(subset.train) // recipe.batch_size)
    errors: dict[str, list[float]] = {}
    # Time grows with depth, so progress is measured in layers.
    total_depth, depth_done = float(sum(depths)), 0.0
    for depth in sorted(depths):
        blocks = (depth - 2) // 6
        spec = subset.fitted(NetworkSpec(depths=(blocks,) * 3, widths=(16, 32, 64)))
        twins: Pair[nn.Module] = Pair(build(spec, seed=seed), build(spec.plain(), seed=seed))
        steps_done = 0
        for record in train(twins, subset, recipe, every=10**9):
            if isinstance(record, Epoch):
                name = "resnet" if record.kind == "residual" else "plain"
                errors.setdefault(f"{name}{depth}", []).append(100 * record.train_error)
            else:
                steps_done += 1
            share = (depth_done + depth * min(steps_done / (steps + 20), 0.99)) / total_depth
            yield ShortTraining({n: list(e) for n, e in errors.items()}, share)
        depth_done += depth
    yield ShortTraining(errors, 1.0)
