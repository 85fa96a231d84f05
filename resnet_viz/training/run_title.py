"""The title of a training: its networks, its data, and what distinguishes its recipe."""

from collections.abc import Iterator
from dataclasses import fields
from enum import StrEnum
from pathlib import Path

from resnet_viz.checkpoints.weights import FRESH
from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import network_title
from resnet_viz.training.config import TrainingConfig, with_threads
from resnet_viz.training.recipe import RECIPES, Recipe


def run_title(config: TrainingConfig, text: Text) -> str:
    """Return the default title of a run, such as "ResNet-20 + plain-20, digits, short, seed 3".

    Named are the recipe that has most fields in common, and the fields that differ from it.
    """
    names = " + ".join(network_title(spec, text) for spec in config.specs().values())
    recipes = {name: with_threads(recipe, config.device) for name, recipe in RECIPES.items()}
    nearest = min(recipes, key=lambda name: len(list(_differing(config.recipe, recipes[name]))))
    parts = [names, Path(config.data).name, text(f"train.title_{nearest}")]
    for name in _differing(config.recipe, recipes[nearest]):
        parts.append(_told(name, getattr(config.recipe, name), text))
    if config.start != FRESH:
        parts.append(text("train.title_start", start=text(f"train.start_{config.start.source}")))
    if config.frozen:
        parts.append(text("train.title_frozen", stages=" ".join(config.frozen)))
    return text("train.title_comma").join(parts)


def _differing(recipe: Recipe, usual: Recipe) -> Iterator[str]:
    for field in fields(Recipe):
        if getattr(recipe, field.name) != getattr(usual, field.name):
            yield field.name


def _told(name: str, value: object, text: Text) -> str:
    """Return a field and its value: "seed 3", "learning rate 0.05", "augmentation none"."""
    match value:
        case StrEnum():
            told = text(f"train.{name}_{value}")
        case bool():
            told = text("train.title_on" if value else "train.title_off")
        case _:
            told = f"{value:g}"
    return text("train.title_part", field=text(f"train.title_{name}"), value=told)
