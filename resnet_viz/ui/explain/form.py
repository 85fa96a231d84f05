"""What to explain: the layer, the way to combine layers, a class to contrast with, options."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from resnet_viz.core.text import Text
from resnet_viz.explain.explain_picture import ExplainRequest
from resnet_viz.explain.method_names import MethodName
from resnet_viz.explain.method_options import Option
from resnet_viz.explain.methods import METHODS, Method
from resnet_viz.figures.comparison_drawing import network_title
from resnet_viz.records import Pair
from resnet_viz.records.map_facts import Fused, Fusion
from resnet_viz.spec import NetworkSpec, ZooSpec
from resnet_viz.ui.choose.chosen_layer import restore_layer
from resnet_viz.ui.choose.question import Question
from resnet_viz.ui.frame.session import (
    AGAINST,
    EXPLAIN_OPACITY,
    FUSION,
    LAYER,
    METHOD,
    OWN_SCALE,
    WALL_SORT,
)
from resnet_viz.ui.frame.words import class_label

_NOBODY = "none"  # nothing to contrast the target with
_ONE = "one"  # one layer, nothing to fuse
_TARGET_WIDTH, _SELECT_WIDTH, _METHOD_WIDTH = 190, 150, 230  # pixels

#: What the wall can be sorted by: one score of each measure.
SORTS = (
    "deletion", "insertion", "road_combined", "average_drop", "infidelity", "max_sensitivity",
    "randomisation",
)  # fmt: skip


@dataclass(frozen=True)
class Bar:
    """The bar above the pictures: places for the headline, the choices and the downloads."""

    headline: DeltaGenerator
    takeaway: DeltaGenerator
    method: DeltaGenerator
    target: DeltaGenerator
    layer: DeltaGenerator
    sort: DeltaGenerator
    settings: DeltaGenerator


def open_bar() -> Bar:
    """Show the bar."""
    with st.container(horizontal=True, vertical_alignment="center", key="explain_bar"):
        headline = st.container(width="stretch")
        takeaway = st.container(horizontal=True, width="content")
    with st.container(horizontal=True, vertical_alignment="center", key="explain_choices"):
        method = st.container(horizontal=True, width="content")
        target = st.container(width=_TARGET_WIDTH)
        layer = st.container(width=_SELECT_WIDTH)
        sort = st.container(width=_METHOD_WIDTH)
        settings = st.container(width="content")
    return Bar(headline, takeaway, method, target, layer, sort, settings)


def ask_request(question: Question, bar: Bar, text: Text) -> Pair[ExplainRequest]:
    """Ask for everything that decides the maps; return a request per network.

    The requests differ in the layer only, where the networks have different blocks. Their method is
    the opened one; on the wall, Grad-CAM.
    """
    METHOD.restore(METHODS, "")
    with bar.method:
        opened = _ask_method(text)
    with bar.sort:
        _ask_sort(text)
    first = map_layers_of(question.first.spec)
    with bar.layer:
        layer = _ask_layer(question, first, text)
    method = METHODS[MethodName(opened) if opened else MethodName.GRAD_CAM]
    with bar.settings.popover(text("explain.settings")):
        _ask_colours(text)
        fuse = _ask_fuse(text)
        places = _places(question, first, layer, fuse, text)
        against = _ask_against(question, text)
        options = {option.name: _ask_option(method, option, text) for option in method.options}
    fits = method.at_layer and (fuse is None or method.can_be_fused)
    request = ExplainRequest(
        method=method.name, target=question.target, against=against, options=options, measures=()
    )
    return places.map(lambda place: replace(request, layer=place if fits else None))


def _ask_method(text: Text) -> str:
    """Ask for another method, with the way back to the wall, where one is opened."""
    if not METHOD.get():
        METHOD.publish("")
        return ""
    st.button(text("explain.back"), key="back_to_wall", on_click=METHOD.set, args=("",))
    chosen = st.selectbox(
        text("explain.method"),
        list(METHODS),
        format_func=lambda name: text(f"methods.{name}"),
        key=METHOD.name,
        width=_METHOD_WIDTH,
        label_visibility="collapsed",
    )
    METHOD.publish("")
    return chosen or ""


def _ask_sort(text: Text) -> None:
    WALL_SORT.restore(SORTS, SORTS[0])
    if METHOD.get():
        return
    st.selectbox(
        text("explain.sort"),
        SORTS,
        format_func=lambda name: text("explain.sorted", score=text(f"scores.{name}")),
        key=WALL_SORT.name,
        label_visibility="collapsed",
        persist_state="session",
    )
    WALL_SORT.publish(SORTS[0])


def _ask_layer(question: Question, first: list[str], text: Text) -> str:
    blocks = question.first.spec.blocks()
    restore_layer(first, blocks)
    layer = st.selectbox(
        text("explain.layer"),
        first,
        key=LAYER.name,
        label_visibility="collapsed",
        persist_state="session",
    )
    LAYER.publish(blocks[-1])
    return layer or blocks[-1]


def _ask_colours(text: Text) -> None:
    """Ask how maps are coloured; Compare's stage has the same choices."""
    EXPLAIN_OPACITY.setdefault(EXPLAIN_OPACITY.default)
    OWN_SCALE.setdefault(OWN_SCALE.default)
    st.slider(
        text("compare.opacity"), 0, 100, step=5, format="%d %%", key=EXPLAIN_OPACITY.name,
        persist_state="session",
    )  # fmt: skip
    st.toggle(
        text("stage.own_scale"), key=OWN_SCALE.name, help=text("stage.own_scale_help"),
        persist_state="session",
    )  # fmt: skip


def _ask_fuse(text: Text) -> Fusion | None:
    """Ask for one layer, or how several are fused into one map."""
    ways = [_ONE, *(fusion.value for fusion in Fusion)]
    FUSION.restore(ways, _ONE)
    chosen = st.segmented_control(
        text("explain.fuse"),
        ways,
        format_func=lambda way: text(f"explain.fuse_{way}"),
        key=FUSION.name,
        required=True,
        help=text("explain.fuse_help"),
        persist_state="session",
    )
    FUSION.publish(_ONE)
    return None if chosen in (_ONE, None) else Fusion(chosen)


def _places(
    question: Question, first: list[str], layer: str, fuse: Fusion | None, text: Text
) -> Pair[str | Fused]:
    """Return the layer or layers, named as in each network."""
    second_spec = question.second.spec
    second = map_layers_of(second_spec)
    if fuse is not None:
        ends = _last_of_stages(question.first.spec)
        chosen = st.multiselect(
            text("explain.layers"), first, ends, key=f"layers_{hash(tuple(first))}"
        )
        ours = tuple(name for name in first if name in (chosen or ends))
        theirs = tuple(dict.fromkeys(layer_beside(name, first, second) for name in ours))
        return Pair(Fused(fuse, ours), Fused(fuse, theirs))
    if first == second:
        return Pair(layer, layer)
    usual = layer_beside(layer, first, second)
    other = st.selectbox(
        text("explain.layer_beside", network=network_title(second_spec, text)),
        second,
        second.index(usual),
        key=f"explain_layer_beside_{layer}_{hash(tuple(second))}",
        help=text("explain.layer_beside_help"),
    )
    return Pair(layer, other or usual)


def map_layers_of(spec: NetworkSpec | ZooSpec) -> list[str]:
    """Return the selectable layers: the first convolution of our networks, and every block."""
    stem = ["conv1"] if isinstance(spec, NetworkSpec) else []
    return [*stem, *spec.blocks()]


def layer_beside(layer: str, ours: list[str], theirs: list[str]) -> str:
    """Return the layer of the same name if both networks have equal layers, else at equal depth.

    A block is matched with a block, as in Compare; "conv1" is not a block.
    """
    if ours == theirs or (layer == "conv1" and layer in theirs):
        return layer
    ours, theirs = ([name for name in names if name != "conv1"] for names in (ours, theirs))
    share = (ours.index(layer) if layer in ours else 0) / max(1, len(ours) - 1)
    return theirs[round(share * (len(theirs) - 1))]


def _last_of_stages(spec: NetworkSpec | ZooSpec) -> list[str]:
    return [stage[-1] for stage in spec.stages]


def _ask_against(question: Question, text: Text) -> int | None:
    classes = question.first.classes
    AGAINST.restore({_NOBODY, *classes}, _NOBODY)
    chosen = st.selectbox(
        text("explain.against"),
        [_NOBODY, *dict.fromkeys(classes)],
        format_func=lambda c: (
            text("explain.against_none") if c == _NOBODY else class_label(c, text)
        ),
        key=AGAINST.name,
        help=text("explain.against_help"),
        persist_state="session",
    )
    AGAINST.publish(_NOBODY)
    return None if chosen in (_NOBODY, None) else classes.index(chosen)


def _ask_option(method: Method, option: Option, text: Text) -> float:
    kind: Callable[[float], Any] = int if option.whole else float
    value = st.number_input(
        text(f"options.{option.name}"),
        kind(option.low),
        kind(option.high),
        kind(option.default),
        step=kind(1) if option.whole else None,
        format=None if option.whole else "%g",
        key=f"option_{method.name}_{option.name}",
        persist_state="session",
    )
    return float(option.default if value is None else value)
