"""What is said of two curves follows from the numbers, and goes no further."""

import pytest

from resnet_viz.core.text import Text
from resnet_viz.figures.training_words import told_changes, training_note, training_sentence
from resnet_viz.records import Epoch, ImageChanges

EN = Text("en")


def epochs(residual, plain, test=0.5):
    return {
        kind: [
            Epoch(kind=kind, epoch=8, train_loss=1.0, train_error=error, test_loss=1.0,
                  test_error=test, images_per_second=1.0, learning_rate=0.0, recall=(),
                  dead_channels={}, weight_changes={})
        ]
        for kind, error in (("residual", residual), ("plain", plain))
    }  # fmt: skip


@pytest.mark.parametrize(
    ("residual", "plain", "depth", "said"),
    [
        (0.01, 0.05, 56, "not overfitting"),
        (0.01, 0.099, 32, "not overfitting"),
        (0.01, 0.05, 20, "speed"),  # a shallow pair ends level
        (0.01, 0.101, 56, "Is depth the cause?"),
        (0.001, 0.54, 56, "Is depth the cause?"),
        (0.01, 0.54, 20, "speed"),
        (0.47, 0.89, 56, "speed"),  # neither has learned anything yet
        (0.101, 0.2, 110, "speed"),
        (0.05, 0.02, 56, "lower training error"),
        (0.6, 0.2, 20, "lower training error"),
        (0.03, 0.035, 56, "about the same"),
    ],
)
def test_overfitting_is_denied_only_when_both_have_learned(residual, plain, depth, said):
    sentence = training_sentence(epochs(residual, plain), depth, EN)
    assert said in sentence
    assert ("overfitting" in sentence) == (said == "not overfitting")
    assert f"{100 * plain:.1f}" in sentence
    assert f"{100 * residual:.1f}" in sentence


def test_one_network_and_none():
    both = epochs(0.25, 0.5)
    assert "25.0 %" in training_sentence({"residual": both["residual"]}, 20, EN)
    assert training_sentence({}, 20, EN) == EN("train.sentence_none")
    assert training_sentence({**both, "plain": []}, 20, EN).startswith("After epoch 8")


def test_why_training_error_stands_above_test_error_is_said_when_it_does():
    shifted = ImageChanges(4, flip=True)
    above, below = epochs(0.5, 0.2, test=0.3), epochs(0.2, 0.3, test=0.3)
    assert training_note(below, shifted, EN) is None
    assert training_note({}, shifted, EN) is None
    said = training_note(above, shifted, EN)
    assert "averaged over the epoch" in said
    assert "shifted by up to 4 px, half of them mirrored" in said
    for unchanged in (None, ImageChanges(0, flip=False)):
        assert "changed" not in training_note(above, unchanged, EN)


def test_augmentation_is_told_as_it_is():
    assert told_changes(ImageChanges(0, flip=False), EN) == "used unchanged"
    assert told_changes(ImageChanges(1, flip=False), EN) == "shifted by up to 1 px"
    assert told_changes(ImageChanges(0, flip=True), EN) == "half of them mirrored"
