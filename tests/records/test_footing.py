"""Networks may be compared where epochs, recipe and data are the same; otherwise it is said."""

import pytest

from resnet_viz.core.text import Text
from resnet_viz.figures.footing_words import unequal_footing, with_footing
from resnet_viz.records import Footing, differences, footing_of

EN = Text("en")
RECIPE = {"epochs": 2, "learning_rate": 0.1, "batch_size": 128, "seed": 0}


def metadata(data="cifar10", epochs=2, before=None, **recipe):
    training = {"data": data, "device": "cpu", "recipe": {**RECIPE, **recipe}}
    if before is not None:
        training["before"] = metadata(**before)["training"]
    last = {"train_error": 0.25, "test_error": 0.375}
    return {
        "training": training,
        "curve": [{"train_error": 1, "test_error": 1}] * (epochs - 1) + [last],
    }


def footing(**changes) -> Footing:
    found = footing_of(metadata(**changes))
    assert found is not None
    return found


def test_a_file_says_what_its_network_reached():
    found = footing(epochs=3)
    assert (found.epochs, found.train_error, found.accuracy) == (3, 0.25, 0.625)
    assert with_footing("plain-56", found, EN) == "plain-56, 62%, 3 epochs"
    assert with_footing("plain-56", footing(epochs=1), EN) == "plain-56, 62%, 1 epoch"
    assert with_footing("plain-56", None, EN) == "plain-56"


def test_what_was_measured_on_the_file_itself_comes_first():
    measured = {**metadata(), "footing": {"test_error": 0.5}}
    assert footing_of(measured).accuracy == 0.5


def test_what_a_data_set_does_to_its_images_is_compared_not_how_it_was_asked_for():
    asked = metadata(augmentation="own", shift=4, threads=2)
    asked["training"]["augmentation"] = {"shift": 4, "flip": True}
    assert differences([footing(), footing_of(asked)]) == {}


def test_equal_trainings_need_no_word():
    pair = [("a", footing()), ("b", footing(seed=1, epochs=2, precision="fp32"))]
    assert unequal_footing(pair, EN) == ""
    assert unequal_footing([("a", footing()), ("b", None)], EN) == ""
    assert unequal_footing([], EN) == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"epochs": 5}, "epochs 2 / 5"),
        ({"data": "/home/someone/pets"}, "data cifar10 / pets"),
        ({"learning_rate": 0.2}, "learning rate 0.1 / 0.2"),
        ({"precision": "bf16"}, "precision fp32 / bf16"),
        ({"augmentation": "none"}, "shift of the images 4 / 0; mirrored images True / False"),
        ({"images": 100}, "training images 0 / 100"),
        ({"momentum": 0.5}, "other settings"),
        ({"before": {"learning_rate": 0.3}}, "parts of the training 1 / 2"),
        ({"before": {"learning_rate": 0.3}}, "learning rate 0.1 / 0.3 + 0.1"),
    ],
)
def test_every_difference_of_two_trainings_is_said(changes, said):
    sentence = unequal_footing([("ResNet-8", footing()), ("plain-8", footing(**changes))], EN)
    assert "ResNet-8, plain-8" in sentence
    assert said in sentence


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_named_difference_has_words(language):
    from resnet_viz.figures.footing_words import _NAMED

    assert all(Text(language).has(f"footing.{name}") for name in _NAMED)
    assert set(_NAMED) - {"data", "epochs"} <= {
        *footing().recipe,
        "schedule",
        "weight_decay",
        "optimiser",
    }


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"training": [], "curve": []},
        {**metadata(), "curve": [{"train_error": 0.1, "test_error": 7}]},
        {**metadata(), "curve": [{"train_error": "nan", "test_error": 0.1}]},
        {**metadata(), "footing": "none"},
        {**metadata(), "training": {"data": 3, "device": "cpu", "recipe": RECIPE}},
    ],
)
def test_a_file_that_says_something_else_has_no_footing(broken):
    assert footing_of(broken) is None


def test_differences_are_of_all_networks():
    three = [footing(), footing(), footing(epochs=9)]
    assert differences(three) == {"epochs": ("2", "2", "9")}
