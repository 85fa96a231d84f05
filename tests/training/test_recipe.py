"""Recipes: learning rates, ranges, JSON."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from resnet_viz import build
from resnet_viz.core.converter import decode, encode
from resnet_viz.core.errors import OptionError
from resnet_viz.datasets.augmentations import AUGMENTATIONS
from resnet_viz.records import ImageChanges
from resnet_viz.training.augment import image_changes
from resnet_viz.training.course import train
from resnet_viz.training.recipe import (
    PUBLISHED,
    RECIPES,
    SHORT,
    Augmentation,
    Recipe,
    Schedule,
)
from tests.training.made import SPEC, dataset


@pytest.mark.parametrize(
    ("epoch", "rate"),
    [(0, 0.1), (81.9, 0.1), (82, 0.01), (122.9, 0.01), (123, 0.001), (163.9, 0.001)],
)
def test_the_published_rate_falls_at_32_and_48_of_64_thousand_steps(epoch, rate):
    assert PUBLISHED.learning_rate_at(epoch / PUBLISHED.epochs) == pytest.approx(rate)


def test_the_published_recipe_is_he_2015s():
    published = (
        PUBLISHED.batch_size,
        PUBLISHED.momentum,
        PUBLISHED.weight_decay,
        PUBLISHED.nesterov,
    )
    assert published == (128, 0.9, 1e-4, False)  # fmt: skip
    steps = PUBLISHED.epochs * -(-50_000 // PUBLISHED.batch_size)
    assert steps == pytest.approx(64_000, rel=0.005)


def test_one_cycle_warms_up_to_the_highest_rate_and_ends_at_zero():
    rates = [SHORT.learning_rate_at(i / 1000) for i in range(1001)]
    assert rates[0] == pytest.approx(SHORT.learning_rate * 0.05)
    assert max(rates) == pytest.approx(SHORT.learning_rate)
    assert rates.index(max(rates)) == 200
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert all(a <= b for a, b in pairwise(rates[:201]))
    assert all(a >= b for a, b in pairwise(rates[200:]))


def test_the_optimiser_gets_the_recipes_rates(monkeypatch):
    used, network = [], build(SPEC, seed=0)
    original, own = torch.optim.SGD.step, next(network.parameters())

    def step(self, *args, **kwargs):
        group = self.param_groups[0]
        if any(p is own for p in group["params"]):  # not that of a page which another test left
            used.append(group["lr"])
        return original(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.SGD, "step", step)
    recipe = Recipe(epochs=4, learning_rate=0.08, schedule=Schedule.STEPS, batch_size=8)
    list(train(network, dataset(16), recipe))
    assert used == pytest.approx([0.08] * 4 + [0.008] * 2 + [0.0008] * 2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"epochs": 2.5},
        {"batch_size": -1},
        {"learning_rate": float("nan")},
        {"learning_rate": "fast"},
        {"momentum": 1.0},
        {"schedule": "zigzag"},
        {"optimiser": "magic"},
        {"precision": "fp4"},
        {"label_smoothing": 1.5},
        {"seed": True},
        {"no_such_field": 1},
    ],
    ids=str,
)
def test_a_recipe_that_cannot_be_is_one_sentence(wrong):
    with pytest.raises(OptionError, match=next(iter(wrong))):
        PUBLISHED.changed(wrong)


def test_a_recipe_recorded_before_shift_and_threads_reads_as_it_was():
    """The fields of a run of version 0.2.0: it resumes with the same crops and flips."""
    recorded = {
        "epochs": 8, "learning_rate": 0.1, "schedule": "one_cycle", "optimiser": "sgd",
        "batch_size": 64, "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4, "l1": 0.0,
        "label_smoothing": 0.0, "warm_up": 0.0, "precision": "fp32", "augmentation": "crop_flip",
        "images": 2000, "test_images": 2000, "seed": 0,
    }  # fmt: skip
    recipe = decode(Recipe, recorded)
    assert (recipe.shift, recipe.threads) == (4, 0)
    for data in (dataset(), replace(dataset(), augmentation=AUGMENTATIONS["digits"])):
        assert image_changes(recipe, data) == ImageChanges(4, flip=True)


def test_every_recipe_leaves_augmentation_to_the_data_set():
    for recipe in RECIPES.values():
        assert recipe.augmentation is Augmentation.OWN
    cifar = replace(dataset(), augmentation=AUGMENTATIONS["cifar10"])
    assert image_changes(PUBLISHED, cifar) == ImageChanges(4, flip=True)  # He 2015, sec. 4.2


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_survives_json(name):
    import json

    assert decode(Recipe, json.loads(json.dumps(encode(RECIPES[name])))) == RECIPES[name]


def test_warm_up_rises_and_the_cosine_ends_at_zero():
    recipe = Recipe(epochs=10, learning_rate=1.0, schedule=Schedule.COSINE, warm_up=1.0)
    rates = [recipe.learning_rate_at(i / 1000) for i in range(1001)]
    assert rates[0] == pytest.approx(0.05)
    assert max(rates) == pytest.approx(1.0, abs=1e-3)
    assert rates.index(max(rates)) == 100
    assert rates[-1] == pytest.approx(0, abs=1e-9)
