"""Runs are named by what distinguishes them."""

from dataclasses import replace
from itertools import combinations

import pytest

from resnet_viz.core.text import LANGUAGES, Text
from resnet_viz.records import WeightSource
from resnet_viz.training.config import training_config
from resnet_viz.training.recipe import RECIPES
from resnet_viz.training.run_title import run_title


def made(recipe="class-demo", *, pair=True, data="digits", **changes):
    return training_config("resnet20", recipe, pair=pair, changes=changes, data=data)


def titled(*arguments, language="en", **options):
    return run_title(made(*arguments, **options), Text(language))


def test_a_usual_recipe_is_its_name():
    assert titled() == "ResNet-20 + plain-20, digits, class demo"
    assert titled("short", pair=False, data="cifar10") == "ResNet-20, cifar10, short"
    assert titled(data="/uploads/ab12/cats.zip") == "ResNet-20 + plain-20, cats.zip, class demo"
    assert titled(language="zh") == "ResNet-20 + 普通-20，digits，课堂演示"


def test_what_differs_is_named_and_nothing_else():
    assert titled(augmentation="none", seed=3).endswith("class demo, augmentation none, seed 3")
    assert titled(augmentation="crop").endswith("class demo, augmentation crop, shift 1")
    assert titled(learning_rate=0.02, epochs=4).endswith("epochs 4, lr 0.02")
    frozen = replace(made("fine-tune"), frozen=("stem", "layer1"))
    assert run_title(frozen, Text("en")).endswith("fine-tune, frozen: stem layer1")
    start = replace(frozen.start, source=WeightSource.BUNDLED)
    assert "from trained" in run_title(replace(frozen, start=start), Text("en"))
    nesterov = replace(made(), recipe=replace(made().recipe, nesterov=False))
    assert run_title(nesterov, Text("en")).endswith("class demo, Nesterov off")


@pytest.mark.parametrize("language", LANGUAGES)
def test_different_recipes_have_different_titles(language):
    changes = [
        {}, {"seed": 1}, {"learning_rate": 0.02}, {"augmentation": "none"}, {"epochs": 9},
        {"augmentation": "crop"}, {"augmentation": "crop", "shift": 2}, {"threads": 4},
        {"l1": 1e-5}, {"optimiser": "adamw"}, {"precision": "bf16"}, {"images": 500},
    ]  # fmt: skip
    titles = [titled(language=language, **change) for change in changes]
    titles += [titled(name, language=language) for name in RECIPES if name != "class-demo"]
    assert all(one != other for one, other in combinations(titles, 2))
    assert all(len(title) <= 120 for title in titles)
