"""Results in a notebook: one line, a picture, a table, files and copies of each."""

import copy
import dataclasses
import pickle

import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from PIL import Image
from torch import nn

import resnet_viz
from resnet_viz import Effort, analyze, explain, faithfulness
from resnet_viz.core.errors import DataError, LayerError, OptionError
from resnet_viz.figures.input_pictures import input_picture
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING, IMAGENET_PREPROCESSING, to_batch
from tests.networks.unchecked import unchecked
from tests.probe.hand_made import images, small

NAMES = ("cat", "dog", "frog", "ship", "truck")


@pytest.fixture(scope="module")
def results(comparison):
    network = small()
    analysis = analyze(network, images(2), target=[1, 3], parameters=True, classes=NAMES)
    explanation = explain(network, images(1), "layer-cam", target=2, classes=NAMES)
    many = explain(network, images(3), target=[0, 1, 2], progress=False)
    effort = Effort(steps=3, perturbations=2, neighbours=1)
    scores = faithfulness(network, images(1), explanation, effort=effort)
    return {
        "Analysis": analysis,
        "Explanation": explanation,
        "Explanations": many,
        "Faithfulness": scores,
        "Comparison": comparison,
    }


KINDS = ("Analysis", "Explanation", "Explanations", "Faithfulness", "Comparison")


def leaves(value, name=""):
    """Every array and plain value of a record, by its path."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from leaves(getattr(value, field.name), f"{name}.{field.name}")
    elif hasattr(value, "items"):
        for key in value:
            yield from leaves(value[key], f"{name}[{key}]")
    elif isinstance(value, tuple):
        for place, part in enumerate(value):
            yield from leaves(part, f"{name}[{place}]")
    else:
        yield name, value


def assert_same(first, second):
    assert type(first) is type(second)
    ours, theirs = dict(leaves(first)), dict(leaves(second))
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        np.testing.assert_equal(theirs[name], value, err_msg=name)
        if isinstance(value, np.ndarray):
            assert theirs[name].dtype == value.dtype
            assert not theirs[name].flags.writeable, name


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_is_one_short_line_of_text(results, kind):
    text = repr(results[kind])
    assert text.startswith(f"{kind}(")
    assert len(text) < 400
    assert "\n" not in text


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_comes_back_from_its_files(results, kind, tmp_path):
    results[kind].save(tmp_path / "saved")
    assert_same(results[kind], getattr(resnet_viz, kind).load(tmp_path / "saved"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("again", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_is_equal_and_as_read_only(results, kind, again):
    assert_same(results[kind], again(results[kind]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_has_a_figure_and_a_picture_in_a_notebook(results, kind):
    figure = results[kind].figure()
    assert isinstance(figure, go.Figure)
    assert len(figure.data)
    html = results[kind]._repr_html_()
    assert ("<img" in html) == (kind != "Faithfulness")
    assert "<table" in html or "<img" in html


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_with_something_else_is_one_sentence(results, kind, tmp_path):
    other = "Explanation" if kind == "Analysis" else "Analysis"
    results[other].save(tmp_path / "other")
    load = getattr(resnet_viz, kind).load
    with pytest.raises(DataError, match="not a saved"):
        load(tmp_path / "other")
    with pytest.raises(DataError, match="no saved"):
        load(tmp_path)
    (tmp_path / "other" / "arrays.npz").write_bytes(b"PK nothing")
    with pytest.raises(DataError, match="no saved"):
        getattr(resnet_viz, other).load(tmp_path / "other")


def test_tables_have_a_row_for_each_image_and_layer(results):
    analysis, many = results["Analysis"], results["Explanations"]
    frame = analysis.to_frame()
    assert len(frame) == 2 * len(analysis.layers)
    assert frame["image"].tolist() == [0] * len(analysis.layers) + [1] * len(analysis.layers)
    own = frame[frame["image"] == 1].drop(columns="image").reset_index(drop=True)
    assert own.equals(analysis.to_frame(image=1))
    assert many.to_frame()["target"].tolist() == [0, 1, 2]
    assert len(results["Comparison"].to_frame()["network"].unique()) == 2


def test_names_of_classes_are_on_the_record(results):
    assert results["Explanation"].target_label == "frog"
    assert {one.label for one in results["Explanation"].predictions()} == set(NAMES)
    assert results["Analysis"].predictions(top=1)[0].label in NAMES
    assert "targets dog, ship" in repr(results["Analysis"])
    named = analyze(small(), images(1), classes=dict(enumerate(NAMES)))
    assert named.classes == NAMES
    with pytest.raises(OptionError, match="list of texts"):
        analyze(small(), images(1), classes="cat")


def test_an_overlay_shows_the_map_on_what_is_given_or_was_seen(results):
    analysis = results["Analysis"]
    grey = Image.new("RGB", (300, 300), (100, 100, 100))
    over = analysis.overlay("layer2.0", image=1, photo=grey, opacity=0)
    assert np.array_equal(np.asarray(over), np.asarray(grey))
    assert np.array_equal(
        np.asarray(analysis.overlay("layer2.0", photo=np.asarray(grey))),
        np.asarray(analysis.overlay("layer2.0", photo=grey)),
    )
    assert analysis.overlay().size == (224, 224)
    seen = np.asarray(results["Explanation"].overlay(opacity=0))
    assert np.array_equal(seen[::14, ::14], input_picture(results["Explanation"].image))
    with pytest.raises(LayerError):
        analysis.overlay("layer9")
    with pytest.raises(OptionError, match="layer"):
        results["Explanation"].overlay("layer1.0")
    with unchecked(), pytest.raises(OptionError, match="Pillow"):
        analysis.overlay(photo="photo.jpg")
    with pytest.raises(OptionError, match="0 to 1"):
        analysis.overlay(opacity=2)


@pytest.mark.parametrize("usual", [CIFAR_PREPROCESSING, IMAGENET_PREPROCESSING])
def test_the_usual_normalisations_are_undone_exactly(usual):
    pixels = np.random.default_rng(0).integers(0, 256, (usual.size, usual.size, 3), np.uint8)
    pixels[0, 0], pixels[0, 1] = 0, 255
    assert np.array_equal(input_picture(to_batch([pixels], usual)[0].numpy()), pixels)


def test_other_images_are_stretched_and_nothing_is_divided_by_zero():
    stretched = input_picture(np.linspace(-9, 9, 48, dtype=np.float32).reshape(3, 4, 4))
    assert (stretched.min(), stretched.max()) == (0, 255)
    assert not input_picture(np.full((1, 4, 4), 7, np.float32)).any()
    assert input_picture(np.zeros((2, 5, 4, 4), np.float32)).shape == (4, 4, 3)


def test_a_signal_has_a_line_and_no_picture():
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv1d(1, 3, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(24, 2)
    )
    found = explain(network, torch.randn(1, 1, 8), layer="0")
    assert len(found.figure().data[0].y) == 8
    assert "<img" not in found._repr_html_()
    with pytest.raises(OptionError, match="no picture"):
        found.overlay()


def test_without_its_image_an_explanation_asks_for_one():
    found = explain(small(), images(1), keep_images=False)
    assert found.image is None
    assert "<img" not in found._repr_html_()
    with pytest.raises(OptionError, match="photo="):
        found.overlay()
    assert found.overlay(photo=Image.new("RGB", (224, 224))).size == (224, 224)
    assert len(found.figure().data) == 1


def test_comparison_names_its_quantities(comparison):
    assert comparison.first is comparison.sides.first
    assert {trace.name for trace in comparison.figure("weight").data} >= {"ResNet-20", "plain-20"}
    with pytest.raises(OptionError, match="activation"):
        comparison.figure("height")
