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
from resnet_viz.ui.picture_choice import PictureId, choose_picture

_OWN = "own"


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
        network = st.selectbox(
            text("compare.network"),
            list(RESIDUAL_PRESETS),
            format_func=lambda name: _network_option(name, text),
            key="network",
            bind="query-params",
        )
        weights = _ask_weights(network, text)
        target = _ask_target(network, text)
        score = st.session_state.get("score", Score.LOGIT.value)
        device = _ask_device(text)
    return Question(picture, network, weights, target, Score(score), device)


def network_label(name: str, text: Text) -> str:
    """What a network is called on a page: ResNet-56 for "resnet56"."""
    return network_title(NetworkSpec.preset(name), text)


def _network_option(name: str, text: Text) -> str:
    size = NetworkSpec.preset(name).input_size
    return text("compare.network_option", network=network_label(name, text), size=size)


def _ask_weights(network: str, text: Text) -> WeightChoice:
    offered = [source.value for source in weight_sources(network)]
    if st.session_state.get("weights") not in offered:
        st.session_state.pop("weights", None)
    chosen = WeightSource(
        st.segmented_control(
            text("compare.weights"),
            offered,
            default=offered[0] if offered[0] != WeightSource.PRETRAINED else offered[-1],
            format_func=lambda source: text(f"weights.{source}"),
            key="weights",
            bind="query-params",
            required=True,
            help=text("compare.weights_help"),
        )
        or offered[-1]
    )
    plain = WeightSource.LESION
    if chosen is WeightSource.PRETRAINED:
        plain = _ask_plain(text)
    seed = 0
    if WeightSource.RANDOM in (chosen, plain):
        seed = int(_ask_seed(text))
    return WeightChoice(chosen, seed, plain=plain)


def _ask_plain(text: Text) -> WeightSource:
    chosen = st.radio(
        text("compare.plain_weights"),
        [WeightSource.LESION.value, WeightSource.RANDOM.value],
        format_func=lambda source: text(f"weights.plain_{source}"),
        key="plain",
        bind="query-params",
        help=text("compare.plain_weights_help"),
    )
    return WeightSource(chosen or WeightSource.LESION)


def _ask_seed(text: Text) -> int:
    seed = st.number_input(
        text("compare.seed"), 0, 2**31 - 1, 0, 1, key="seed", bind="query-params"
    )
    return int(seed or 0)


def _ask_target(network: str, text: Text) -> int | None:
    classes = class_names(NetworkSpec.preset(twin_names(network).residual))
    if st.session_state.get("target", _OWN) not in (_OWN, *classes):
        st.session_state.pop("target", None)
    chosen = st.selectbox(
        text("compare.target"),
        [_OWN, *dict.fromkeys(classes)],
        format_func=lambda c: text("compare.target_own") if c == _OWN else class_label(c, text),
        key="target",
        bind="query-params",
        help=text("compare.target_help"),
    )
    return None if chosen in (_OWN, None) else classes.index(chosen)


def class_label(name: str, text: Text) -> str:
    """A class in the page's language where it is one of CIFAR-10's; else as it is called."""
    return text(f"classes.{name}") if text.has(f"classes.{name}") else name


def _ask_device(text: Text) -> str:
    found = devices()
    if len(found) == 1:
        st.caption(text("compare.device_only", device=found[0].upper()))
        return found[0]
    chosen = st.selectbox(text("compare.device"), found, format_func=str.upper, key="device")
    return str(chosen or found[0])
