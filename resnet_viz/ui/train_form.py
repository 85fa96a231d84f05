"""What to train: networks, data and recipe, as one checked plan."""

from collections.abc import Hashable
from dataclasses import fields
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Any

import streamlit as st

from resnet_viz.checkpoints.bundled import bundled_names
from resnet_viz.devices import devices
from resnet_viz.errors import ResnetVizError
from resnet_viz.places import home
from resnet_viz.spec import RESIDUAL_PRESETS, NetworkSpec, Stem
from resnet_viz.text import Text
from resnet_viz.training.data import known_datasets
from resnet_viz.training.plan import Plan, plan_of
from resnet_viz.training.recipe import (
    RANGES,
    RECIPES,
    Augmentation,
    Optimiser,
    Precision,
    Recipe,
    Schedule,
)
from resnet_viz.ui.address import publish, restore
from resnet_viz.ui.messages import show_error
from resnet_viz.ui.question import network_label

_CHOICES: dict[str, type[StrEnum]] = {
    "optimiser": Optimiser,
    "schedule": Schedule,
    "augmentation": Augmentation,
    "precision": Precision,
}
_NUMBERS = ("epochs", "batch_size", "learning_rate", "momentum", "weight_decay", "l1",
            "label_smoothing", "warm_up", "images", "test_images", "seed")  # fmt: skip
_OWN = "own"  # data from an uploaded ZIP
_MOST_MEGABYTES = 200  # of a ZIP


def ask_plan(text: Text) -> Plan | None:
    """Three choices side by side; None, with a sentence, while they make no plan."""
    left, middle, right = st.columns(3)
    with left:
        network, pair, start, frozen = _ask_networks(text)
    with middle:
        data = _ask_data(text)
    with right:
        recipe = _ask_recipe(text)
    changes = _ask_details(recipe, text)
    if data is None:
        st.info(text("train.data_upload_first"))
        return None
    try:
        return plan_of(
            network,
            recipe,
            pair=pair,
            changes=changes,
            data=data,
            device=_ask_device(text),
            start=start,
            frozen=frozen,
        )
    except ResnetVizError as error:
        show_error(error, text)
        return None


def plan_key(plan: Plan) -> Hashable:
    """What decides a plan's preview."""
    return ("preview", repr(sorted(plan.to_dict().items())))


def _ask_networks(text: Text) -> tuple[str, bool, str, tuple[str, ...]]:
    names = [n for n, p in RESIDUAL_PRESETS.items() if p.spec.stem is Stem.CIFAR]
    restore("train_network", names, names[0])
    network = st.selectbox(
        text("train.network"),
        names,
        format_func=lambda name: network_label(name, text),
        key="train_network",
    )
    publish("train_network", names[0])
    pair = st.segmented_control(
        text("train.twins"),
        ["pair", "single"],
        default="pair",
        format_func=lambda value: text(f"train.{value}"),
        key="train_pair",
        required=True,
        help=text("train.twins_help"),
    )
    chosen = network or names[0]
    bundled = chosen in bundled_names()
    start = st.segmented_control(
        text("train.start"),
        ["random", *(["bundled"] if bundled else [])],
        default="random",
        format_func=lambda value: text(f"train.start_{value}"),
        key="train_start",
        required=True,
        help=text("train.start_help"),
    )
    frozen: list[str] = []
    if start == "bundled":
        stages = len(NetworkSpec.preset(chosen).depths)
        frozen = st.multiselect(
            text("train.frozen"),
            ["stem", *(f"layer{n}" for n in range(1, stages + 1))],
            key="train_frozen",
            help=text("train.frozen_help"),
        )
    return chosen, pair != "single", start or "random", tuple(frozen)


def _ask_data(text: Text) -> str | None:
    names = [*known_datasets(), _OWN]
    restore("data", names, "digits")
    data = st.selectbox(
        text("train.data"), names, format_func=lambda name: text(f"train.data_{name}"), key="data"
    )
    publish("data", "digits")
    if data != _OWN:
        return data
    st.file_uploader(
        text("train.upload"),
        key="train_zip",
        on_change=_keep_zip,
        max_upload_size=_MOST_MEGABYTES,
        help=text("train.upload_help"),
    )
    kept: str | None = st.session_state.get("train_zip_path")
    return kept if kept and Path(kept).is_file() else None


def _keep_zip() -> None:
    """An upload to a file of our own naming, where a worker finds it."""
    upload = st.session_state.get("train_zip")
    if upload is None:
        st.session_state.pop("train_zip_path", None)
        return
    content = upload.getvalue()
    folder = home() / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{blake2b(content, digest_size=12).hexdigest()}.zip"
    path.write_bytes(content)
    st.session_state["train_zip_path"] = str(path)


def _ask_recipe(text: Text) -> str:
    names = list(RECIPES)
    restore("recipe", names, "class-demo")
    recipe = st.selectbox(
        text("train.recipe"),
        names,
        format_func=lambda name: text(f"train.recipe_{name}"),
        key="recipe",
        help=text("train.recipe_help"),
    )
    publish("recipe", "class-demo")
    return recipe or "class-demo"


def _ask_details(name: str, text: Text) -> dict[str, Any]:
    """Every field of the recipe; a field's key holds the recipe's name, so each has its own."""
    usual = RECIPES[name]
    changes: dict[str, Any] = {}
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
    found = devices()
    if len(found) == 1:
        return found[0]
    chosen = st.selectbox(text("compare.device"), found, format_func=str.upper, key="train_device")
    return str(chosen or found[0])
