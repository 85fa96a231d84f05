"""The sidebar of Compare and Explain, as one frozen value."""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.core.text import Text
from resnet_viz.networks.devices import devices
from resnet_viz.records import Score
from resnet_viz.ui.choose.network_choice import ask_first, ask_second, take_back_choice
from resnet_viz.ui.choose.own_pictures import own_pictures
from resnet_viz.ui.choose.picture_choice import PictureId, choose_picture
from resnet_viz.ui.frame.session import REFUSED, SCORE, TARGET
from resnet_viz.ui.frame.words import class_label

_OWN = "own"  # the target "each network's own top class"


@dataclass(frozen=True)
class Question:
    """Everything that decides a comparison; equal questions have equal answers."""

    picture: PictureId
    first: NetworkRef
    second: NetworkRef
    target: int | None
    score: Score
    device: str


def ask(text: Text, target_place: DeltaGenerator | None = None) -> Question:
    """Show the sidebar and return the question; small choices are also in the address.

    ``target_place`` is where the target class is asked for instead, without a label.
    """
    if REFUSED.get() is not None:
        take_back_choice()
    with st.sidebar:
        place = st.container()
        first = ask_first(text)
        with place:  # above the network, whose data decides which pictures there are
            picture = choose_picture(text, own_pictures(first))
        second = ask_second(first, text)
        with target_place or nullcontext():
            target = _ask_target(first, text, "collapsed" if target_place else "visible")
        score = Score(SCORE.get())
        device = _ask_device(text)
    return Question(picture, first, second, target, score, device)


def _ask_target(
    first: NetworkRef, text: Text, label: Literal["visible", "collapsed"]
) -> int | None:
    classes = first.classes
    TARGET.restore({_OWN, *classes}, _OWN)
    chosen = st.selectbox(
        text("compare.target"),
        [_OWN, *dict.fromkeys(classes)],
        format_func=lambda c: text("compare.target_own") if c == _OWN else class_label(c, text),
        key=TARGET.name,
        help=text("compare.target_help"),
        label_visibility=label,
        persist_state="session",
    )
    TARGET.publish(_OWN)
    return None if chosen in (_OWN, None) else classes.index(chosen)


def _ask_device(text: Text) -> str:
    available = devices()
    if len(available) == 1:
        st.caption(text("compare.device_only", device=available[0].upper()))
        return available[0]
    chosen = st.selectbox(text("compare.device"), available, format_func=str.upper, key="device")
    return str(chosen or available[0])
