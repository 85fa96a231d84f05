"""A short training of twins of several depths on a few images: degradation while one watches."""

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
class Trained:
    """The training errors (percent) by name of the network and epoch, and the share done."""

    errors: Mapping[str, list[float]]
    share: float

    def ends(self) -> dict[str, float]:
        """The last training errors of the shallowest and the deepest pair."""
        depths = sorted(int(name.removeprefix("plain")) for name in self.errors if "plain" in name)
        return {
            f"live_{kind}_{where}": self.errors[f"{kind}{depth}"][-1]
            for kind in ("plain", "resnet")
            for where, depth in (("shallow", depths[0]), ("deep", depths[-1]))
        }


def trained(
    depths: tuple[int, ...], *, data: str, images: int, epochs: int, seed: int
) -> Iterator[Trained]:
    """Twins of each depth on one subset, step by step; shallow before deep, alike for all.

    SGD with momentum at a constant rate of 0.05, batches of 64, no augmentation.
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
    )
    chosen = load_dataset(data).subset(recipe.images, recipe.test_images, recipe.seed)
    steps = epochs * -(-len(chosen.train) // recipe.batch_size)
    errors: dict[str, list[float]] = {}
    whole, before = float(sum(depths)), 0.0
    for depth in sorted(depths):
        blocks = (depth - 2) // 6
        spec = chosen.fitted(NetworkSpec(depths=(blocks,) * 3, widths=(16, 32, 64)))
        twins: Pair[nn.Module] = Pair(build(spec, seed=seed), build(spec.plain(), seed=seed))
        done = 0
        for record in train(twins, chosen, recipe, every=10**9):
            if isinstance(record, Epoch):
                name = "resnet" if record.kind == "residual" else "plain"
                errors.setdefault(f"{name}{depth}", []).append(100 * record.train_error)
            else:
                done += 1
            share = (before + depth * min(done / (steps + 20), 0.99)) / whole
            yield Trained({n: list(e) for n, e in errors.items()}, share)
        before += depth
    yield Trained(errors, 1.0)
