"""The form of a training: network, data and recipe, as one checked config."""

from collections.abc import Hashable
from dataclasses import fields
from enum import StrEnum

import streamlit as st

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.datasets.augmentations import usual_shift
from resnet_viz.networks.devices import devices
from resnet_viz.training.config import TrainingConfig, training_config
from resnet_viz.training.recipe import (
    RANGES,
    RECIPES,
    Augmentation,
    Optimiser,
    Precision,
    Recipe,
    Schedule,
)
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import RECIPE
from resnet_viz.ui.train.data_choice import ask_data
from resnet_viz.ui.train.start_choice import ask_start

_CHOICES: dict[str, type[StrEnum]] = {
    "optimiser": Optimiser,
    "schedule": Schedule,
    "augmentation": Augmentation,
    "precision": Precision,
}
_NUMBERS = ("epochs", "batch_size", "learning_rate", "momentum", "weight_decay", "l1",
            "label_smoothing", "warm_up", "images", "test_images", "seed", "threads")  # fmt: skip


def ask_config(text: Text) -> TrainingConfig | None:
    """Show the form and return its config; None, with a message, if it is incomplete or invalid."""
    left, middle, right = st.columns(3)
    start = ask_start(text, left, st.columns(3))
    with middle:
        data = ask_data(text)
    with right:
        recipe = _ask_recipe(text)
    shift = usual_shift(data, start.spec.input_size) if data and start else 0
    changes = _ask_details(recipe, shift, text)
    device = _ask_device(text)
    if data is None or start is None:
        st.info(text("train.data_upload_first" if data is None else "train.start_upload_first"))
        return None
    try:
        return training_config(
            start.spec,
            recipe,
            pair=start.pair,
            changes=changes,
            data=data,
            device=device,
            start=start.weights,
            frozen=start.frozen,
        )
    except ResnetVizError as error:
        show_error(error, text)
        return None


def preview_key(config: TrainingConfig) -> Hashable:
    """Return the cache key of a config's preview."""
    return ("preview", config)


def _ask_recipe(text: Text) -> str:
    names = list(RECIPES)
    RECIPE.restore(names, "class-demo")
    recipe = st.selectbox(
        text("train.recipe"),
        names,
        format_func=lambda name: text(f"train.recipe_{name}"),
        key=RECIPE.name,
        help=text("train.recipe_help"),
    )
    RECIPE.publish("class-demo")
    return recipe or "class-demo"


def _ask_details(name: str, shift: int, text: Text) -> dict[str, object]:
    """Ask for every field of the recipe. The recipe's name is part of each key, so recipes keep
    separate values.
    """
    usual = RECIPES[name]
    changes: dict[str, object] = {}
    defaults = {field.name: getattr(usual, field.name) for field in fields(Recipe)}
    with st.expander(text("train.details")):
        columns = st.columns(4)
        for number, field in enumerate(_NUMBERS):
            with columns[number % 4]:
                changes[field] = _number(field, defaults[field], name, text)
        columns = st.columns(4)
        for number, (field, choices) in enumerate(_CHOICES.items()):
            with columns[number % 4]:
                changes[field] = _choice(field, choices, defaults[field], name, text)
        if changes["augmentation"] in (Augmentation.CROP, Augmentation.CROP_FLIP):
            changes["shift"] = _number("shift", shift, f"{name}_{shift}", text)
    return changes


def _choice(
    field: str, choices: type[StrEnum], default: str, recipe: str, text: Text
) -> str | None:
    values = [choice.value for choice in choices]
    return st.selectbox(
        text(f"train.field_{field}"),
        values,
        index=values.index(default),
        format_func=lambda value: text(f"train.{field}_{value}"),
        key=f"train_{recipe}_{field}",
    )


def _number(field: str, default: float, recipe: str, text: Text) -> float:
    least, most = RANGES[field]
    whole = isinstance(default, int)
    kind = int if whole else float
    value = st.number_input(
        text(f"train.field_{field}"),
        kind(least),
        kind(most),
        kind(default),
        step=None if whole else 0.0001,
        format=None if whole else "%g",
        key=f"train_{recipe}_{field}",
        help=text(f"train.help_{field}") if text.has(f"train.help_{field}") else None,
    )
    return kind(default if value is None else value)


def _ask_device(text: Text) -> str:
    available = devices()
    if len(available) == 1:
        return available[0]
    chosen = st.selectbox(
        text("compare.device"), available, format_func=str.upper, key="train_device"
    )
    return str(chosen or available[0])
