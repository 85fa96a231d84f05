"""How far the class demo's errors spread, as recorded over depths, seeds and CPU threads."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from resnet_viz.core.converter import decode
from resnet_viz.core.places import ASSETS
from resnet_viz.spec import NetworkSpec
from resnet_viz.training.config import TrainingConfig
from resnet_viz.training.recipe import Recipe

DATA = "digits"
FILE = ASSETS / "recordings" / "spreads" / "class-demo.json"


@dataclass(frozen=True)
class DemoError:
    """The errors of one network after the last epoch, as shares of wrong predictions."""

    depth: int
    kind: str  # residual or plain
    seed: int
    threads: int  # of this network
    train_error: float
    test_error: float


@dataclass(frozen=True, kw_only=True)
class DemoRecording:
    """Every recorded run, written by ``scripts/class_demo.py``."""

    recipe: Recipe  # seed and threads are those of the rows
    errors: tuple[DemoError, ...] = ()
    recorded: str = ""  # date of the last run
    processor: str = ""
    versions: Mapping[str, str]

    @property
    def depths(self) -> tuple[int, ...]:
        """The recorded depths, shallow before deep."""
        return tuple(sorted({row.depth for row in self.errors}))

    def of(self, depth: int, kind: str) -> tuple[DemoError, ...]:
        """Return the runs of one network, lowest training error first."""
        rows = [row for row in self.errors if (row.depth, row.kind) == (depth, kind)]
        return tuple(sorted(rows, key=lambda row: row.train_error))

    def covers(self, config: TrainingConfig) -> bool:
        """Whether a run differs from a recorded one in seed and number of threads at most."""
        specs = [NetworkSpec.preset(f"resnet{depth}") for depth in self.depths]
        recipe = replace(config.recipe, seed=self.recipe.seed, threads=self.recipe.threads)
        usual = TrainingConfig(
            network=config.network, pair=True, data=DATA, recipe=self.recipe,
            device=config.device, every=config.every,
        )  # fmt: skip
        return config.network in specs and replace(config, recipe=recipe) == usual


@cache
def recorded_demo() -> DemoRecording:
    """Return the recording in the repository."""
    return decode(DemoRecording, json.loads(FILE.read_text(encoding="utf-8")))
