"""The sidebar of Compare: what is asked, as one frozen value."""

from dataclasses import dataclass

import streamlit as st

from resnet_viz.checkpoints.pairs import WeightChoice, twin_names, weight_sources
from resnet_viz.devices import devices
from resnet_viz.figures.comparison import network_title
from resnet_viz.networks.catalog import class_names
from resnet_viz.records import Score, WeightSource
from resnet_viz.spec import RESIDUAL_PRESETS, NetworkSpec
from resnet_viz.text import Text
from resnet_viz.ui.address import publish, restore, restore_number
from resnet_viz.ui.picture_choice import PictureId, choose_picture
from resnet_viz.ui.trained_run import chosen_run

_OWN = "own"  # the target "each network's own top class"
_DEEPEST = 200  # layers
_HIGHEST_SEED = 2**31 - 1


@dataclass(frozen=True)
class Question:
    """Everything that decides a comparison; small, and equal where the answer is."""

    picture: PictureId
    network: str
    weights: WeightChoice
    target: int | None
    score: Score
    device: str


def ask(text: Text) -> Question:
    """The sidebar's controls; every small choice is also in the address of the page."""
    with st.sidebar:
        picture = choose_picture(text)
        network = _ask_network(text)
        weights = _ask_weights(network, text)
        target = _ask_target(network, weights, text)
        score = st.session_state.get("score", Score.LOGIT.value)
        device = _ask_device(text)
    return Question(picture, network, weights, target, Score(score), device)


def comparable() -> list[str]:
    """The networks that Compare offers: every block is a picture there, and must find its place."""
    return [name for name, row in RESIDUAL_PRESETS.items() if row.depth <= _DEEPEST]


def network_label(name: str, text: Text) -> str:
    """What a network is called on a page: ResNet-56 for "resnet56"."""
    return network_title(NetworkSpec.preset(name), text)


def class_label(name: str, text: Text) -> str:
    """A class in the page's language where it is one of CIFAR-10's; else as it is called."""
    return text(f"classes.{name}") if text.has(f"classes.{name}") else name


def _ask_network(text: Text) -> str:
    known = comparable()
    restore("network", known, known[0])
    chosen = st.selectbox(
        text("compare.network"),
        known,
        format_func=lambda name: text(
            "compare.network_option",
            network=network_label(name, text),
            size=NetworkSpec.preset(name).input_size,
        ),
        key="network",
    )
    publish("network", known[0])
    return chosen or known[0]


def _ask_weights(network: str, text: Text) -> WeightChoice:
    run = chosen_run()
    own = (WeightSource.FILE,) if run is not None and run.network == network else ()
    offered = (*weight_sources(network), *own)
    offline = next(source for source in offered if source is not WeightSource.PRETRAINED)
    restore("weights", offered, offline.value)
    chosen = st.segmented_control(
        text("compare.weights"),
        [source.value for source in offered],
        format_func=lambda source: text(f"weights.{source}"),
        key="weights",
        required=True,
        help=text("compare.weights_help"),
    )
    publish("weights", offline.value)
    source = WeightSource(chosen or offline)
    if source is WeightSource.FILE and run is not None:
        return WeightChoice(source, path=run.residual, plain_path=run.plain, title=run.title)
    plain = _ask_plain(text) if source is WeightSource.PRETRAINED else WeightSource.LESION
    seed = _ask_seed(text) if WeightSource.RANDOM in (source, plain) else 0
    return WeightChoice(source, seed, plain=plain)


def _ask_plain(text: Text) -> WeightSource:
    offered = [WeightSource.LESION.value, WeightSource.RANDOM.value]
    restore("plain", offered, offered[0])
    chosen = st.radio(
        text("compare.plain_weights"),
        offered,
        format_func=lambda source: text(f"weights.plain_{source}"),
        key="plain",
        help=text("compare.plain_weights_help"),
    )
    publish("plain", offered[0])
    return WeightSource(chosen or offered[0])


def _ask_seed(text: Text) -> int:
    restore_number("seed", _HIGHEST_SEED)
    seed = st.number_input(text("compare.seed"), 0, _HIGHEST_SEED, step=1, key="seed")
    publish("seed", 0)
    return int(seed or 0)


def _ask_target(network: str, weights: WeightChoice, text: Text) -> int | None:
    run = chosen_run()
    if run is not None and weights.path == run.residual:
        classes = run.classes
    else:
        classes = class_names(NetworkSpec.preset(twin_names(network).residual))
    restore("target", {_OWN, *classes}, _OWN)
    chosen = st.selectbox(
        text("compare.target"),
        [_OWN, *dict.fromkeys(classes)],
        format_func=lambda c: text("compare.target_own") if c == _OWN else class_label(c, text),
        key="target",
        help=text("compare.target_help"),
    )
    publish("target", _OWN)
    return None if chosen in (_OWN, None) else classes.index(chosen)


def _ask_device(text: Text) -> str:
    found = devices()
    if len(found) == 1:
        st.caption(text("compare.device_only", device=found[0].upper()))
        return found[0]
    chosen = st.selectbox(text("compare.device"), found, format_func=str.upper, key="device")
    return str(chosen or found[0])
