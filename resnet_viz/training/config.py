"""A whole training as a value: which networks, from which weights, on what, how."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from resnet_viz.checkpoints.weights import FRESH, Weights
from resnet_viz.core.errors import OptionError
from resnet_viz.records import WeightSource
from resnet_viz.spec import NetworkSpec
from resnet_viz.spec.layer_names import stage_name
from resnet_viz.training.recipe import RECIPES, Recipe


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """What ``train_job`` is given; travels as JSON."""

    network: NetworkSpec  # the residual network of a pair, or the only one
    pair: bool
    data: str  # a name of load_dataset, a folder or a ZIP
    recipe: Recipe
    device: str = "cpu"
    start: Weights = FRESH  # of a pair bundled or random ones
    frozen: tuple[str, ...] = ()  # stages that keep their weights: "stem", "layer1", ...
    every: int = 50  # steps between two measurements of gradients

    def __post_init__(self) -> None:
        if self.pair and self.start.source not in (WeightSource.RANDOM, WeightSource.BUNDLED):
            raise OptionError("train_start_pair", start=str(self.start)[:80])
        stages = ["stem", *(stage_name(n) for n in range(1, len(self.network.depths) + 1))]
        for name in self.frozen:
            if name not in stages:
                known = ", ".join(stages)
                raise OptionError("option_unknown", option="frozen", value=name[:80], known=known)

    @property
    def title(self) -> str:
        """What a run of this is called until somebody renames it."""
        names = " + ".join(spec.name for spec in self.specs().values())
        return f"{names}, {Path(self.data).name}, {self.recipe.epochs} epochs"

    def specs(self) -> dict[str, NetworkSpec]:
        """The networks by kind, residual first."""
        if not self.pair:
            return {self.network.kind.value: self.network}
        return {"residual": self.network, "plain": self.network.plain()}


def training_config(
    network: str | NetworkSpec,
    recipe: str,
    *,
    pair: bool,
    changes: Mapping[str, object],
    data: str,
    device: str = "cpu",
    start: Weights = FRESH,
    frozen: tuple[str, ...] = (),
) -> TrainingConfig:
    """A config by a network, or its name, and a recipe's name.

    ``changes`` are those to the recipe that are not None. A plain network's name stands for its
    pair where a pair is asked for.
    """
    if recipe not in RECIPES:
        known = ", ".join(RECIPES)
        raise OptionError("option_unknown", option="recipe", value=recipe[:80], known=known)
    if isinstance(network, str):
        network = NetworkSpec.preset(network.replace("plain", "resnet", 1) if pair else network)
    return TrainingConfig(
        network=network,
        pair=pair,
        data=data,
        recipe=RECIPES[recipe].changed({n: v for n, v in changes.items() if v is not None}),
        device=device,
        start=start,
        frozen=frozen,
    )
