"""How a network is trained, as a value."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from math import cos, pi
from typing import Any


class Schedule(StrEnum):
    """How the learning rate moves over a run."""

    STEPS = "steps"  # divided by 10 at 1/2 and 3/4 of the run (He 2015, sec. 4.2)
    ONE_CYCLE = "one_cycle"  # linear warm-up, then cosine to zero (Smith 2018, arXiv 1708.07120)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """SGD with Nesterov momentum on augmented images (pad 4, random crop, horizontal flip)."""

    epochs: int
    learning_rate: float  # the highest of the run
    schedule: Schedule
    batch_size: int = 128
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 1e-4  # L2, on every parameter, as published
    seed: int = 0  # decides initial weights, order of images, crops and flips

    def learning_rate_at(self, progress: float) -> float:
        """The learning rate after ``progress`` of the run, 0 to 1."""
        match self.schedule:
            case Schedule.STEPS:
                return self.learning_rate * 0.1 ** ((progress >= 1 / 2) + (progress >= 3 / 4))
            case Schedule.ONE_CYCLE:
                warm_up = 0.2
                if progress < warm_up:
                    return self.learning_rate * (0.05 + 0.95 * progress / warm_up)
                rest = (progress - warm_up) / (1 - warm_up)
                return self.learning_rate * (1 + cos(pi * rest)) / 2

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


#: He 2015, sec. 4.2: 64k iterations of 128 images are 164 epochs of CIFAR-10.
PUBLISHED = Recipe(epochs=164, learning_rate=0.1, schedule=Schedule.STEPS)

#: For a processor: a ResNet-20 in an hour or two, about 2 points short of the published error.
SHORT = Recipe(
    epochs=16,
    learning_rate=0.2,
    schedule=Schedule.ONE_CYCLE,
    nesterov=True,
    weight_decay=5e-4,  # few epochs at a high rate want more decay than the published 1e-4
)

RECIPES: Mapping[str, Recipe] = {"published": PUBLISHED, "short": SHORT}
