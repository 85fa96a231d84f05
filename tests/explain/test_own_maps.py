"""Maps of one's own and of other libraries have the same scores as ours."""

import numpy as np
import pytest
import torch

from resnet_viz import MEASURES, Effort, explain, faithfulness
from resnet_viz.core.errors import OptionError, TargetError
from tests.networks.unchecked import unchecked
from tests.probe.hand_made import images, small

EFFORT = Effort(steps=5, perturbations=4, neighbours=1)
ONCE = ("deletion", "insertion", "road", "average_drop", "infidelity")


def scores(given, **more):
    return faithfulness(small(), images(1), given, effort=EFFORT, **more)


@pytest.mark.parametrize("kind", ["array", "tensor", "batch", "list"])
def test_a_map_of_ones_own_scores_as_the_same_map_of_ours(kind):
    found = explain(small(), images(1), "layer-cam", target=2)
    given = {
        "array": found.map,
        "tensor": torch.tensor(found.map, requires_grad=True),
        "batch": found.map[None, None],
        "list": [torch.tensor(found.map)[None]],
    }[kind]
    ours = scores(found, measures=ONCE)
    assert scores(given, target=2).values == pytest.approx(ours.values)


def test_attributions_of_captum_score_as_ours():
    from captum.attr import Saliency

    attributions = Saliency(small()).attribute(images(1).requires_grad_(), target=1, abs=False)
    own = scores(attributions, target=1)
    expected = scores(attributions.sum(1), target=1, measures=["deletion"])
    assert own["deletion"].value == pytest.approx(expected["deletion"].value)


def test_a_function_has_all_scores_and_a_map_those_that_need_it_once():
    def brightness(network, image):
        return image.abs().sum(1)

    whole = scores(brightness)
    assert whole["randomisation"].value == pytest.approx(1)  # it never asks the network
    assert 0 < whole["max_sensitivity"].value < 1
    assert len(whole) == 10
    part = scores(brightness(None, images(1)))
    assert {s.name for s in whole} - {s.name for s in part} == {"randomisation", "max_sensitivity"}
    with pytest.raises(OptionError, match="function"):
        scores(np.ones((4, 4)), measures="max_sensitivity")


def test_without_a_target_the_top_class_is_meant():
    given = np.random.default_rng(0).random((8, 8))
    top = int(small()(images(1)).argmax())
    assert scores(given).values == scores(given, target=top).values
    assert scores(given).values != scores(given, target=(top + 1) % 5).values


def test_a_target_function_of_a_map_of_ones_own():
    found = scores(np.ones((4, 4)), target=lambda logits: logits[:, 0], measures="deletion")
    with torch.no_grad():
        assert found["deletion"].values[0] == pytest.approx(float(small()(images(1))[0, 0]))
    by_function = explain(small(), images(1), target=lambda logits: logits[:, 0])
    with pytest.raises(TargetError, match="same function"):
        scores(by_function)


def test_the_baseline_is_what_deletion_ends_and_insertion_begins_with():
    network, image = small(), images(1)
    own = torch.full((1, 3, 16, 16), 0.7)
    found = scores(np.eye(16), baseline=own, measures=["deletion", "insertion"], target=1)
    with torch.no_grad():
        p = float(network(own).softmax(1)[0, 1])
        whole = float(network(image).softmax(1)[0, 1])
    assert found["deletion"].values[[0, -1]] == pytest.approx([whole, p], abs=1e-6)
    assert found["insertion"].values[[0, -1]] == pytest.approx([p, whole], abs=1e-6)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.ones((17, 17)), "16x16"),
        (np.ones((2, 4, 4)), "2x4x4"),
        (np.ones(4), "16x16"),
        ([[1, 2]], "list"),
        ("map", "str"),
        (np.array([["a"]]), "ndarray"),
        (lambda network, image: None, "NoneType"),
    ],
)
def test_what_is_no_map_is_one_sentence(given, words):
    with unchecked(), pytest.raises(OptionError, match=words):
        scores(given)


def test_a_score_is_found_by_name_and_a_map_that_is_not_finite_has_none():
    found = scores(np.ones((4, 4)), measures=["deletion"])
    assert found.to_frame()["score"].tolist() == ["deletion"]
    with pytest.raises(OptionError, match="deletion"):
        found["insertion"]
    assert len(scores(np.full((4, 4), np.nan))) == 0
    assert set(ONCE) < set(MEASURES)
