"""The form of an explanation, generated from the table of methods."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.explain.explain_picture import ExplainRequest
from resnet_viz.explain.method_names import MethodName
from resnet_viz.explain.method_options import Option
from resnet_viz.explain.methods import METHODS, Method
from resnet_viz.figures.comparison_drawing import network_title
from resnet_viz.records import Pair
from resnet_viz.records.map_facts import Fused, Fusion
from resnet_viz.spec import NetworkSpec, ZooSpec
from resnet_viz.ui.choose.question import Question
from resnet_viz.ui.frame.session import AGAINST, EXPLAIN_LAYER, FUSION, METHOD
from resnet_viz.ui.frame.words import class_label

_NOBODY = "none"  # nothing to compare the target with
_ONE = "one"  # one layer, nothing to fuse


def ask_request(question: Question, text: Text) -> Pair[ExplainRequest]:
    """Ask for method, layers, options and reference class; return a request per network.

    The requests differ in the layer only, where the networks have different blocks. Faithfulness is
    a separate choice.
    """
    left, middle, right = st.columns(3)
    with left:
        method = _ask_method(text)
    with middle:
        fuse = _ask_fuse(method, text)
        places = _ask_places(question, method, fuse, text)
    with right:
        against = _ask_against(question, text)
    options = {}
    if method.options:
        columns = st.columns(max(3, len(method.options)))
        for column, option in zip(columns, method.options, strict=False):
            with column:
                options[option.name] = _ask_option(method, option, text)
    st.caption(
        text(
            "explain.method_note",
            needs=text(f"method_families.{method.family}"),
            cost=text(f"method_costs.{method.cost}"),
            source=method.source,
            sign=text("explain.signed" if method.signed else "explain.unsigned"),
        )
    )
    request = ExplainRequest(
        method=method.name, target=question.target, against=against, options=options, measures=()
    )
    return places.map(lambda place: replace(request, layer=place))


def request_key(request: ExplainRequest) -> tuple[Hashable, ...]:
    """Return everything that decides an explanation, as a cache key."""
    return (
        request.method,
        request.layer,
        request.target,
        request.against,
        tuple(sorted(request.options.items())),
        request.seed,
        request.measures,
        request.effort,
    )


def _ask_method(text: Text) -> Method:
    usual = MethodName.GRAD_CAM
    METHOD.restore(METHODS, usual)
    chosen = st.selectbox(
        text("explain.method"),
        list(METHODS),
        format_func=_method_label(text),
        key=METHOD.name,
        help=text("explain.method_help"),
    )
    METHOD.publish(usual)
    return METHODS[chosen or usual]


def _method_label(text: Text) -> Callable[[str], str]:
    return lambda name: text(f"methods.{name}")


def _ask_fuse(method: Method, text: Text) -> Fusion | None:
    """Ask for one layer, or how several are fused into one map."""
    ways = [_ONE, *(fusion.value for fusion in Fusion)]
    FUSION.restore(ways, _ONE)
    if not method.can_be_fused:
        return None
    chosen = st.segmented_control(
        text("explain.fuse"),
        ways,
        format_func=lambda way: text(f"explain.fuse_{way}"),
        key=FUSION.name,
        required=True,
        help=text("explain.fuse_help"),
    )
    FUSION.publish(_ONE)
    return None if chosen in (_ONE, None) else Fusion(chosen)


def _ask_places(
    question: Question, method: Method, fuse: Fusion | None, text: Text
) -> Pair[str | Fused | None]:
    """Ask for the layer or layers, named as in each network."""
    first = map_layers_of(question.first.spec)
    second_spec = question.second.spec
    second = map_layers_of(second_spec)
    if not method.at_layer:
        st.selectbox(
            text("explain.layer"), [text("explain.at_input")], disabled=True, key="no_layer"
        )
        return Pair(None, None)
    if fuse is not None:
        ends = _last_of_stages(question.first.spec)
        chosen = st.multiselect(
            text("explain.layers"), first, ends, key=f"layers_{hash(tuple(first))}"
        )
        ours = tuple(name for name in first if name in (chosen or ends))
        theirs = tuple(dict.fromkeys(layer_beside(name, first, second) for name in ours))
        return Pair(Fused(fuse, ours), Fused(fuse, theirs))
    EXPLAIN_LAYER.restore(first, first[-1])
    layer = st.selectbox(text("explain.layer"), first, key=EXPLAIN_LAYER.name) or first[-1]
    EXPLAIN_LAYER.publish(first[-1])
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
    )
    return float(option.default if value is None else value)
