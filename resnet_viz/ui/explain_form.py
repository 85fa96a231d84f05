"""What is to be explained and how: a form drawn from the table of methods."""

from collections.abc import Callable, Hashable
from typing import Any

import streamlit as st

from resnet_viz.probe.explained import Request
from resnet_viz.probe.methods import METHODS, Method, Option
from resnet_viz.spec import NetworkSpec
from resnet_viz.text import Text
from resnet_viz.ui.address import publish, restore
from resnet_viz.ui.question import Question, class_label

_NOBODY = "none"  # nothing to compare the target with


def ask_request(question: Question, text: Text) -> Request:
    """Method, layer, options and what the target is compared with; faithfulness is not in it."""
    left, middle, right = st.columns(3)
    with left:
        method = _ask_method(text)
    with middle:
        layer = _ask_layer(question, method, text)
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
            needs=text(f"families.{method.family}"),
            source=method.source,
            sign=text("explain.signed" if method.signed else "explain.unsigned"),
        )
    )
    return Request(
        method=method.name,
        layer=layer,
        target=question.target,
        against=against,
        options=options,
        seed=0,
        measures=(),
    )


def request_key(request: Request) -> tuple[Hashable, ...]:
    """Everything that decides an explanation, for the store."""
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
    restore("method", METHODS, "grad-cam")
    chosen = st.selectbox(
        text("explain.method"),
        list(METHODS),
        format_func=_method_label(text),
        key="method",
        help=text("explain.method_help"),
    )
    publish("method", "grad-cam")
    return METHODS[chosen or "grad-cam"]


def _method_label(text: Text) -> Callable[[str], str]:
    return lambda name: text(f"methods.{name}")


def _ask_layer(question: Question, method: Method, text: Text) -> str | None:
    spec = question.first.spec
    layers = [*(["conv1"] if isinstance(spec, NetworkSpec) else []), *spec.blocks()]
    last = layers[-1]
    restore("explain_layer", layers, last)
    if not method.at_layer:
        st.selectbox(
            text("explain.layer"), [text("explain.at_input")], disabled=True, key="no_layer"
        )
        return None
    st.selectbox(text("explain.layer"), layers, key="explain_layer")
    publish("explain_layer", last)
    return str(st.session_state["explain_layer"])


def _ask_against(question: Question, text: Text) -> int | None:
    classes = question.first.classes
    restore("against", {_NOBODY, *classes}, _NOBODY)
    chosen = st.selectbox(
        text("explain.against"),
        [_NOBODY, *dict.fromkeys(classes)],
        format_func=lambda c: (
            text("explain.against_none") if c == _NOBODY else class_label(c, text)
        ),
        key="against",
        help=text("explain.against_help"),
    )
    publish("against", _NOBODY)
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
