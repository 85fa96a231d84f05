"""The config of a training: networks, initial weights, data and recipe."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from resnet_viz.checkpoints.weights import FRESH, Weights
from resnet_viz.core.errors import OptionError
from resnet_viz.datasets.augmentations import usual_shift
from resnet_viz.records import WeightSource
from resnet_viz.spec import NetworkSpec
from resnet_viz.spec.layer_names import stage_name
from resnet_viz.training.cpu_threads import available_threads
from resnet_viz.training.recipe import RECIPES, Augmentation, Recipe


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """The config of ``train_job``, which can be encoded as JSON."""

    network: NetworkSpec  # the residual network of a pair, or the only one
    pair: bool
    data: str  # a name for load_dataset, a folder or a ZIP file
    recipe: Recipe
    device: str = "cpu"
    start: Weights = FRESH  # for a pair, bundled or random weights
    frozen: tuple[str, ...] = ()  # stages that are not trained: "stem", "layer1", ...
    every: int = 50  # steps between two gradient measurements

    def __post_init__(self) -> None:
        if self.pair and self.start.source not in (WeightSource.RANDOM, WeightSource.BUNDLED):
            raise OptionError("train_start_pair", start=str(self.start)[:80])
        stages = ["stem", *(stage_name(n) for n in range(1, len(self.network.depths) + 1))]
        for name in self.frozen:
            if name not in stages:
                known = ", ".join(stages)
                raise OptionError("option_unknown", option="frozen", value=name[:80], known=known)

    def specs(self) -> dict[str, NetworkSpec]:
        """Return the network specs by kind, residual first."""
        if not self.pair:
            return {self.network.kind.value: self.network}
        return {"residual": self.network, "plain": self.network.plain()}


def with_threads(recipe: Recipe, device: str) -> Recipe:
    """Fix the number of CPU threads, so that the run is resumed and repeated with as many."""
    if recipe.threads or device != "cpu":
        return recipe
    return replace(recipe, threads=available_threads())


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
    """Build a config from names.

    Parameters
    ----------
    network
        A spec or a preset's name. With ``pair``, the name of either network of the pair.
    recipe
        A key of ``RECIPES``.
    pair
        Train the residual network and its plain twin.
    changes
        Values that replace those of the recipe; None values are ignored.
    data
        A name for ``load_dataset``, a folder or a ZIP file.
    device
        Device to train on.
    start
        Initial weights.
    frozen
        Stages that are not trained.

    Raises
    ------
    OptionError
        If the recipe, one of its values or a frozen stage is not valid.

    """
    if recipe not in RECIPES:
        known = ", ".join(RECIPES)
        raise OptionError("option_unknown", option="recipe", value=recipe[:80], known=known)
    chosen = {name: value for name, value in changes.items() if value is not None}
    if isinstance(network, str):
        network = NetworkSpec.preset(network.replace("plain", "resnet", 1) if pair else network)
    if chosen.get("augmentation") in (Augmentation.CROP, Augmentation.CROP_FLIP):
        chosen.setdefault("shift", usual_shift(data, network.input_size))
    return TrainingConfig(
        network=network,
        pair=pair,
        data=data,
        recipe=with_threads(RECIPES[recipe].changed(chosen), device),
        device=device,
        start=start,
        frozen=frozen,
    )
