"""The pairs of networks that this project trains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from resnet_viz.core.errors import OptionError
from resnet_viz.training.config import TrainingConfig, training_config

DEPTHS = (20, 32, 44, 56, 110)
DATA = ("cifar10", "fashion-mnist")
_DEEP = 110  # He 2015, sec. 4.2: at this depth a rate of 0.1 is too high for the first steps


@dataclass(frozen=True)
class Twins:
    """A residual network and its plain twin to train: one row of ``ALL_TWINS``."""

    depth: int
    data: str
    seed: int

    @property
    def run(self) -> str:
        """Name of the folder of the pair."""
        return f"resnet{self.depth}-{self.data}-seed{self.seed}"

    def config(
        self, recipe: str, changes: Mapping[str, object], device: str = "cpu"
    ) -> TrainingConfig:
        """Return the config of the pair.

        Depth 110 does not converge when it starts at a rate of 0.1 (He 2015, sec. 4.2, starts at
        0.01), so its rate rises over the first epoch.

        Parameters
        ----------
        recipe
            A key of ``RECIPES``.
        changes
            Values that replace those of the recipe; None values are ignored.
        device
            Device to train on.

        """
        own = {"seed": self.seed, "warm_up": 1.0 if self.depth >= _DEEP else None}
        config = training_config(f"resnet{self.depth}", recipe, pair=True,
                       changes={**changes, **own}, data=self.data, device=device)  # fmt: skip
        return replace(config, every=10**9)  # measure only FIRST_STEPS and the start of each epoch


#: Three seeds for the pairs whose spread is reported, one for the others.
ALL_TWINS = (
    *(Twins(20, "cifar10", seed) for seed in range(3)),
    *(Twins(56, "cifar10", seed) for seed in range(3)),
    *(Twins(depth, "cifar10", 0) for depth in (32, 44, 110)),
    Twins(20, "fashion-mnist", 0),
)


def chosen_twins(
    depths: Sequence[int] = (), data: Sequence[str] = (), seeds: Sequence[int] = ()
) -> tuple[Twins, ...]:
    """Return the rows of ``ALL_TWINS`` that were chosen, or a row for every combination.

    Without seeds, the rows of the table that have these depths and data sets are returned; with
    seeds, every combination of depth, data set and seed.

    Raises
    ------
    OptionError
        For a depth that no preset has, and if nothing is left.

    """
    for depth in depths:
        if depth not in DEPTHS:
            known = ", ".join(map(str, DEPTHS))
            raise OptionError("option_unknown", option="depths", value=str(depth), known=known)
    if seeds:
        return tuple(Twins(depth, name, seed) for name in data or DATA[:1]
                     for depth in depths or DEPTHS for seed in seeds)  # fmt: skip
    rows = tuple(row for row in ALL_TWINS
                 if row.depth in (depths or DEPTHS) and row.data in (data or DATA))  # fmt: skip
    if not rows:
        return tuple(Twins(depth, name, 0) for name in data for depth in depths or DEPTHS)
    return rows
