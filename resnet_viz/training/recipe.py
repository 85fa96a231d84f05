"""Recipes: all settings of a training except network and data."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from math import cos, isfinite, pi
from typing import Any

from resnet_viz.core.errors import OptionError


class Optimiser(StrEnum):
    """The optimisation algorithm."""

    SGD = "sgd"
    ADAMW = "adamw"  # decoupled weight decay (Loshchilov 2019, arXiv 1711.05101)


class Schedule(StrEnum):
    """The course of the learning rate over a run."""

    CONSTANT = "constant"
    STEPS = "steps"  # divided by 10 at 1/2 and 3/4 of the run (He 2015, sec. 4.2)
    COSINE = "cosine"  # half a cosine to zero (Loshchilov 2017, arXiv 1608.03983)
    ONE_CYCLE = "one_cycle"  # linear warm-up, then cosine to zero (Smith 2018, arXiv 1708.07120)


class Precision(StrEnum):
    """Number format of the forward pass; weights and updates are always float32."""

    FP32 = "fp32"
    BF16 = "bf16"  # torch.autocast; faster on devices with bfloat16 units


class Augmentation(StrEnum):
    """The random change of a training image each time it is used."""

    OWN = "own"  # the data set's own: a row of datasets/augmentations.py
    CROP_FLIP = "crop_flip"  # pad, random crop, horizontal flip (He 2015, sec. 4.2)
    CROP = "crop"  # pad, random crop; for images that must not be mirrored, such as letters
    NONE = "none"


_ONE_CYCLE_WARM_UP = 0.2  # fraction of the run
_WARM_UP_START = 0.05  # fraction of the highest rate

#: Smallest and largest allowed value of each number.
RANGES: Mapping[str, tuple[float, float]] = {
    "epochs": (1, 10_000),
    "learning_rate": (0, 100),
    "batch_size": (1, 65_536),
    "momentum": (0, 0.9999),
    "weight_decay": (0, 10),
    "l1": (0, 10),
    "label_smoothing": (0, 0.9),
    "warm_up": (0, 1000),
    "images": (0, 10_000_000),
    "test_images": (0, 10_000_000),
    "seed": (0, 2**31 - 1),
    "shift": (0, 64),
    "threads": (0, 1024),
}
_WHOLE = {"epochs", "batch_size", "images", "test_images", "seed", "shift", "threads"}
_CHOICES: Mapping[str, type[StrEnum]] = {
    "optimiser": Optimiser,
    "schedule": Schedule,
    "precision": Precision,
    "augmentation": Augmentation,
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All settings of a training except network and data.

    On a CPU the result is bit-identical on every machine of the same kind, whatever its number of
    cores, if ``threads`` is given. Otherwise it is rounded differently with another number.
    """

    epochs: int
    learning_rate: float  # highest rate of the run
    schedule: Schedule = Schedule.STEPS
    optimiser: Optimiser = Optimiser.SGD
    batch_size: int = 128  # images
    momentum: float = 0.9  # SGD only
    nesterov: bool = False
    weight_decay: float = 1e-4  # L2, on every parameter, as published
    l1: float = 0.0  # weight of the sum of |w| over convolutions and head in the loss
    label_smoothing: float = 0.0  # Szegedy 2016, arXiv 1512.00567, sec. 7
    warm_up: float = 0.0  # epochs of linear warm-up (one-cycle uses its own)
    precision: Precision = Precision.FP32
    augmentation: Augmentation = Augmentation.OWN
    shift: int = 4  # pixels; the padding of crop and crop_flip
    images: int = 0  # number of training images, balanced over classes; 0 for all
    test_images: int = 0  # number of test images, the same for every seed; 0 for all
    seed: int = 0  # for initial weights, image order, crops and flips
    threads: int = 0  # CPU threads, shared by the networks of a pair; 0 for those of the process

    def __post_init__(self) -> None:
        for name, value in _checked(vars(self)).items():
            object.__setattr__(self, name, value)

    def learning_rate_at(self, progress: float) -> float:
        """Return the learning rate at ``progress``, the finished fraction (0 to 1) of the run."""
        warm_up = self.warm_up / self.epochs
        if self.schedule is Schedule.ONE_CYCLE:
            warm_up = _ONE_CYCLE_WARM_UP
        if progress < warm_up:
            rise = _WARM_UP_START + (1 - _WARM_UP_START) * progress / warm_up
            return self.learning_rate * rise
        match self.schedule:
            case Schedule.CONSTANT:
                return self.learning_rate
            case Schedule.STEPS:
                return self.learning_rate * 0.1 ** ((progress >= 1 / 2) + (progress >= 3 / 4))
            case Schedule.COSINE | Schedule.ONE_CYCLE:
                rest = (progress - warm_up) / (1 - warm_up) if warm_up < 1 else 0.0
                return self.learning_rate * (1 + cos(pi * rest)) / 2

    def changed(self, changes: Mapping[str, object]) -> "Recipe":
        """Return a copy with other values; raise ``OptionError`` if one is unknown or invalid."""
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                listed = ", ".join(known)
                raise OptionError("option_unknown", option="recipe", value=name[:80], known=listed)
        return replace(self, **_checked({**vars(self), **changes}))


def _checked(values: Mapping[str, object]) -> dict[str, Any]:  # arguments of Recipe
    """Convert choices to their enumeration and check the range of numbers."""
    checked = dict(values)
    for name, choices in _CHOICES.items():
        value: Any = values.get(name, next(iter(choices)))
        if value not in list(choices):
            known = ", ".join(choices)
            raise OptionError("option_unknown", option=name, value=str(value)[:80], known=known)
        checked |= {name: choices(value)} if name in values else {}
    for name, (least, most) in RANGES.items():
        value = values.get(name, least)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        has_valid_type = isinstance(value, int) or name not in _WHOLE
        if not (is_number and has_valid_type and isfinite(value) and least <= value <= most):
            raise OptionError(
                "option_range", option=name, value=str(value)[:80], least=least, most=most
            )
    return checked


#: As published (He 2015, sec. 4.2): 64k iterations with batches of 128 are 164 CIFAR-10 epochs.
PUBLISHED = Recipe(epochs=164, learning_rate=0.1)

#: For a CPU: ResNet-20 in one to two hours, with an error about 2 points above the published one.
SHORT = Recipe(
    epochs=16,
    learning_rate=0.2,
    schedule=Schedule.ONE_CYCLE,
    nesterov=True,
    weight_decay=5e-4,  # few epochs at a high rate need more decay than the published 1e-4
)

#: For a lesson: minutes on a laptop. On the digits, ResNet-56 learns and plain-56 does not, while
#: both of depth 20 do: docs/explanation/class-demo.md has the errors of several seeds.
CLASS_DEMO = Recipe(
    epochs=8,
    learning_rate=0.05,  # at 0.1, one of six runs of ResNet-56 ended at a training error of 14 %
    schedule=Schedule.ONE_CYCLE,
    nesterov=True,
    weight_decay=5e-4,
    batch_size=64,
    images=2000,
    test_images=2000,
    threads=2,  # one for each network of a pair: everyone in a class gets the same numbers
)

#: For pretrained weights: a low rate that preserves what they have learned.
FINE_TUNE = Recipe(
    epochs=5,
    learning_rate=0.01,
    schedule=Schedule.COSINE,
    nesterov=True,
    batch_size=64,
    warm_up=0.5,
)

RECIPES: Mapping[str, Recipe] = {
    "published": PUBLISHED,
    "short": SHORT,
    "class-demo": CLASS_DEMO,
    "fine-tune": FINE_TUNE,
}
