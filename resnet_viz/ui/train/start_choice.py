"""The choice of a network to train, alone or with its twin, and its initial weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.checkpoints.weights import Weights
from resnet_viz.core.text import Text
from resnet_viz.networks.zoo.labels import TORCHVISION_WEIGHTS
from resnet_viz.records import WeightSource
from resnet_viz.spec import RESIDUAL_PRESETS, Kind, NetworkSpec, Stem
from resnet_viz.spec.layer_names import stage_name
from resnet_viz.ui.choose.network_choice import network_label
from resnet_viz.ui.choose.openings import opening_label, openings
from resnet_viz.ui.choose.uploads import kept_file
from resnet_viz.ui.frame.session import TRAIN_NETWORK, TRAIN_START

_FILE = "file"
USUAL_NETWORK = "resnet56"  # deep enough for the class demo to show what shortcuts are for
_DEEPEST = 50  # layers of torchvision's networks that are offered; they see large images
_MOST_MEGABYTES = 500  # of a weights file


@dataclass(frozen=True)
class Start:
    """The initial state of a training."""

    spec: NetworkSpec
    pair: bool
    weights: Weights
    frozen: tuple[str, ...]


def ask_start(text: Text, top: DeltaGenerator, below: Sequence[DeltaGenerator]) -> Start | None:
    """Ask for network, twins, weights and frozen stages; None until a required file is uploaded.

    The network is asked for in ``top``, the rest in the three columns ``below``.
    """
    with top:
        spec = _ask_network(text)
    with below[0]:
        pair = _ask_pair(spec, text)
    offered = _starts(spec, pair=pair)
    TRAIN_START.restore(offered, offered[0])
    start = below[1].segmented_control(
        text("train.start"),
        offered,
        format_func=lambda value: text(f"train.start_{value}"),
        key=TRAIN_START.name,
        required=True,
        wrap=True,
        help=text("train.start_help"),
    )
    with below[2]:
        frozen = [] if start == "random" else _ask_frozen(spec, text)
        path = _ask_file(text) if start == _FILE else None
    if start == _FILE:
        if path is None:
            return None
        return Start(spec, pair, Weights(WeightSource.FILE, path=path), tuple(frozen))
    return Start(spec, pair, Weights(WeightSource(start or offered[0])), tuple(frozen))


def _ask_network(text: Text) -> NetworkSpec:
    known = {name: row.spec for name, row in RESIDUAL_PRESETS.items() if _offered(name, row.spec)}
    labels = {name: network_label(name, text) for name in known}
    for name, choice in openings().items():
        if choice.design is not None and choice.weights.source is WeightSource.RANDOM:
            known[name], labels[name] = choice.design, opening_label(choice, text)
    TRAIN_NETWORK.restore(known, USUAL_NETWORK)
    chosen = st.selectbox(
        text("train.network"),
        list(known),
        format_func=labels.__getitem__,
        key=TRAIN_NETWORK.name,
    )
    TRAIN_NETWORK.publish(USUAL_NETWORK)
    return known[chosen or USUAL_NETWORK]


def _offered(name: str, spec: NetworkSpec) -> bool:
    return spec.stem is Stem.CIFAR or (name in TORCHVISION_WEIGHTS and spec.depth <= _DEEPEST)


def _ask_pair(spec: NetworkSpec, text: Text) -> bool:
    if spec.kind is Kind.PLAIN:
        return False
    pair = st.segmented_control(
        text("train.twins"),
        ["pair", "single"],
        default="pair",
        format_func=lambda value: text(f"train.{value}"),
        key="train_pair",
        required=True,
        wrap=True,
        help=text("train.twins_help"),
    )
    return pair != "single"


def _starts(spec: NetworkSpec, *, pair: bool) -> list[str]:
    """Return the choices of initial weights; a pair starts from weights that both twins have."""
    bundled = ["bundled"] if spec.name in bundled_names() else []
    if pair:
        return ["random", *bundled]
    published = ["pretrained"] if spec.name in TORCHVISION_WEIGHTS else []
    return ["random", *bundled, *published, _FILE]


def _ask_frozen(spec: NetworkSpec, text: Text) -> list[str]:
    return st.multiselect(
        text("train.frozen"),
        ["stem", *(stage_name(n) for n in range(1, len(spec.depths) + 1))],
        key=f"train_frozen_{len(spec.depths)}",
        help=text("train.frozen_help"),
    )


def _ask_file(text: Text) -> Path | None:
    upload = st.file_uploader(
        text("train.start_upload"),
        key="train_weights",
        max_upload_size=_MOST_MEGABYTES,
        help=text("train.start_upload_help"),
    )
    return None if upload is None else kept_file(upload)
