"""Links, commands and background runs use the same names for networks."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from resnet_viz import NetworkRef, NetworkSpec, Weights, WeightSource
from resnet_viz.checkpoints import load as loading
from resnet_viz.cli import app as commands
from resnet_viz.core.converter import decode, encode
from resnet_viz.explain.many.job import ManyConfig
from resnet_viz.jobs.queue import foreground
from resnet_viz.ui.choose.openings import design_id, packed
from tests.source import ROOT

TIMEOUT = 120  # seconds; a cold start imports torch
IMAGE = str(ROOT / "assets/samples/cat.jpg")
DESIGN = NetworkSpec(depths=(1, 2), widths=(4, 8))


class _ReachedError(Exception):
    """What would have been loaded or begun."""


def linked(**query):
    """What the widgets of a page return for an address."""

    def page():
        import streamlit as st

        from resnet_viz.core.text import Text
        from resnet_viz.ui.choose.network_choice import ask_first, ask_second

        first = ask_first(Text("en"))
        st.session_state["asked"] = (first, ask_second(first, Text("en")))

    app = AppTest.from_function(page, default_timeout=TIMEOUT)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app.session_state["asked"]


def commanded(monkeypatch, *words):
    """What a command hands to ``load_two``."""

    def reached(first, second=None, device="cpu"):
        raise _ReachedError(first, first.twin() if second is None else second)

    monkeypatch.setattr(loading, "load_two", reached)
    with pytest.raises(_ReachedError) as caught:
        commands(["compare", IMAGE, "--out", "nowhere", "--debug", *words], standalone_mode=False)
    return caught.value.args


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ({}, ()),
        ({"network": "resnet56"}, ("--network", "resnet56")),
        (
            {"network": "resnet32", "weights": "random", "seed": "7"},
            ("--network", "resnet32", "--weights", "random", "--seed", "7"),
        ),
        (
            {"network": "resnet20", "beside": "plain56", "weights_beside": "bundled"},
            ("--network", "resnet20", "--beside", "plain56", "--beside-weights", "bundled"),
        ),
        (
            {"network": "resnet50", "weights": "pretrained"},
            ("--network", "resnet50", "--weights", "pretrained"),
        ),
        ({"network": "alexnet", "beside": "vgg11"}, ("--network", "alexnet", "--beside", "vgg11")),
    ],
)
def test_a_link_and_a_command_name_the_same_networks(address, words, monkeypatch):
    asked = linked(**address)
    assert asked == commanded(monkeypatch, *words)
    assert tuple(NetworkRef.from_dict(json.loads(json.dumps(r.to_dict()))) for r in asked) == asked


def test_a_link_names_a_design_and_its_twin():
    first, second = linked(network=design_id(DESIGN), design=packed(DESIGN), seed="5")
    assert first == NetworkRef(DESIGN, Weights(WeightSource.RANDOM, seed=5))
    assert second == first.twin()


def test_a_link_can_put_fresh_weights_into_the_twin_of_published_ones():
    first, second = linked(network="resnet50", weights="pretrained", plain="random", seed="2")
    assert first.weights.source is WeightSource.PRETRAINED
    assert second == NetworkRef.parse("plain50:random", seed=2)


def test_a_background_run_is_given_what_the_command_named(monkeypatch, tmp_path):
    def reached(kind, config, title):
        raise _ReachedError(config)

    monkeypatch.setattr(foreground, "begin_here", reached)
    words = [
        "explain",
        str(tmp_path),
        "--network",
        "resnet32",
        "--weights",
        "random",
        "--seed",
        "7",
    ]
    with pytest.raises(_ReachedError) as caught:
        commands([*words, "--debug"], standalone_mode=False)
    sent = json.loads(json.dumps(encode(caught.value.args[0])))
    assert decode(ManyConfig, sent).networks == (NetworkRef.parse("resnet32:random", seed=7),)
    assert (
        decode(ManyConfig, sent).networks
        == linked(network="resnet32", weights="random", seed="7")[:1]
    )
