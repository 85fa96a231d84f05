"""The table of methods: complete, correct, and the only place to add a method."""

import json
from importlib import import_module

import numpy as np
import pytest
import torchvision
from typer.testing import CliRunner

import resnet_viz
from resnet_viz import ResNet, analyze, class_activation_maps, explain, faithfulness
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.cli import app
from resnet_viz.cli.explain_command import method_help
from resnet_viz.core.converter import decode, encode
from resnet_viz.core.errors import NetworkError, OptionError
from resnet_viz.core.places import ASSETS
from resnet_viz.core.text import LANGUAGES, sentences
from resnet_viz.explain.cam_formulas import CamFormula, CamOfLayer
from resnet_viz.explain.captum_methods import Networks
from resnet_viz.explain.explain_picture import ExplainRequest
from resnet_viz.explain.many.job import ManyConfig, explain_job
from resnet_viz.explain.many.picture_sources import PictureSource
from resnet_viz.explain.method_names import MethodName
from resnet_viz.explain.methods import METHODS, Cost, Family, LayerMethod
from tests.explain.test_explain_image import Functional
from tests.pages import opening
from tests.probe.hand_made import images, seeded, settled, small

PICTURE = str(ASSETS / "samples" / "automobile.jpg")


def test_every_name_has_its_row_and_every_row_its_words():
    assert list(METHODS) == list(MethodName)
    for language in LANGUAGES:
        for row in METHODS.values():
            keys = {
                f"methods.{row.name}",
                f"method_families.{row.family}",
                f"method_costs.{row.cost}",
                *(f"options.{o.name}" for o in row.options),
            }
            assert keys <= set(sentences(language))  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_a_method_takes_as_many_passes_as_its_row_says(method, monkeypatch):
    forward, passes = ResNet.forward, []

    def counted(network, images, *rest):
        passes.append(len(images))
        return forward(network, images, *rest)

    monkeypatch.setattr(ResNet, "forward", counted)
    network = small().spec.plain()
    network = settled(seeded(lambda: ResNet(network)), images(4))
    passes.clear()
    found = explain(network, images(1), method, target=1)
    channels = 8
    assert found.blank is None or METHODS[method].cost is Cost.MANY  # a blank one takes more
    match METHODS[method].cost:
        case Cost.FEW:
            assert sum(passes) <= 5
        case Cost.PER_CHANNEL:
            assert channels < sum(passes) <= channels + 4
        case Cost.MANY:
            assert sum(passes) > 20


@pytest.mark.parametrize("method", METHODS)
def test_a_method_works_with_the_networks_that_its_row_names(method):
    reused = settled(seeded(lambda: torchvision.models.resnet18(num_classes=5)), images(4, 32))
    for network, size, too_much in (
        (seeded(Functional), 16, {Networks.RELU_MODULES, Networks.MODULES_RUN_ONCE}),
        (reused, 32, {Networks.MODULES_RUN_ONCE}),
    ):
        if METHODS[method].networks in too_much:
            with pytest.raises(NetworkError):
                explain(network, images(1, size), method)
        elif METHODS[method].cost is Cost.FEW:
            assert np.isfinite(explain(network, images(1, size), method).map).all()


@pytest.fixture
def made_up(monkeypatch):
    """What an edit would add: a member of the enumeration, a row, and a name in each language."""
    name = str.__new__(MethodName, "made-up")
    name._name_, name._value_ = "MADE_UP", "made-up"
    formula = CamFormula(lambda stack: stack.features.mean(1), uses_gradients=False)
    row = LayerMethod(name, Family.CAM, Cost.FEW, "nobody, 2026", run=CamOfLayer(formula))
    with monkeypatch.context() as patch:
        patch.setitem(MethodName._value2member_map_, "made-up", name)
        patch.setitem(MethodName._member_map_, "MADE_UP", name)
        patch.setattr(MethodName, "_member_names_", [*MethodName._member_names_, "MADE_UP"])
        patch.setitem(METHODS, name, row)
        for language in LANGUAGES:
            patch.setitem(sentences(language), "methods.made-up", "Made up")
        yield name
    with pytest.raises(OptionError, match="not available"):  # and it is gone again
        explain(small(), images(1), "made-up")


def test_a_new_row_is_explained_and_measured(made_up):
    network, image = small(), images(1)
    analysis = analyze(network, image, layers=["layer2.1"], gradients=True)
    expected = analysis.features["layer2.1"][0].mean(0)
    explanation = explain(network, image, "Made Up", layer="layer2.1")
    np.testing.assert_allclose(explanation.map, expected, rtol=1e-5)
    family = class_activation_maps(analysis)
    np.testing.assert_allclose(family[made_up]["layer2.1"][0], expected, rtol=1e-5)
    assert len(list(faithfulness(network, image, explanation))) == 10


def test_a_new_row_is_a_choice_of_the_command(made_up):
    assert "lime, made-up" in method_help()
    arguments = ["explain", PICTURE, "--method", "made-up", "--no-faithfulness", "--json"]
    done = CliRunner().invoke(app, arguments)
    assert json.loads(done.stdout)["method"] == "made-up"


def test_a_new_row_runs_over_many_pictures(made_up, tmp_path):
    config = ManyConfig(
        source=PictureSource("digits", count=1),
        networks=(NetworkRef.parse("resnet20"),),
        titles=("ResNet-20",),
        requests=((ExplainRequest(made_up, measures=()),),),
    )
    config = decode(ManyConfig, json.loads(json.dumps(encode(config))))  # as it is queued
    events = {event.key: event for event in explain_job(config, tmp_path)}
    assert [row.method for row in events["picture/0001"].rows] == ["made-up"]


def test_a_new_row_is_a_choice_everywhere_on_the_page(made_up):
    page = opening.opened("pages/2_Explain.py", method="made-up")
    page.session_state["gallery_open"] = True
    page.run()
    assert not page.exception
    assert page.selectbox(key="method").value == made_up
    assert "nobody, 2026" in "\n".join(caption.value for caption in page.caption)
    assert "Made up" in page.multiselect(key="gallery_methods").options
    assert 'explain(loaded.network, image, "made-up"' in "\n".join(code.value for code in page.code)


def test_every_name_has_its_row_in_the_order_of_the_help():
    assert list(METHODS) == list(MethodName)


def test_the_function_and_the_package_of_the_same_name_can_both_be_imported():
    folder = import_module("resnet_viz.explain")
    assert import_module("resnet_viz.explain.methods").METHODS is METHODS
    resnet_viz.explain = folder  # as every import of the folder does
    assert resnet_viz.explain is explain
    assert callable(explain)
