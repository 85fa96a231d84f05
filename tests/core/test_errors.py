"""The exception tree, and one sentence for every error in every language."""

import pickle
import re

import pytest

from resnet_viz.core import errors
from resnet_viz.core.errors import (
    FailureError,
    InputError,
    LayerError,
    ResnetVizError,
    SpecError,
    close_matches,
)
from resnet_viz.core.text import LANGUAGES, Text

CLASSES = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, ResnetVizError)
]


def test_the_tree_in_the_docstring_is_the_tree():
    drawn = set(re.findall(r"\b\w+Error\b", errors.__doc__))
    assert drawn == {cls.__name__ for cls in CLASSES}


@pytest.mark.parametrize("cls", CLASSES)
def test_exit_code_says_whose_fault_it_is(cls):
    if issubclass(cls, InputError):
        assert cls.exit_code == 2
    else:
        assert cls.exit_code == 1
    assert cls in (ResnetVizError, InputError, FailureError) or issubclass(
        cls, (InputError, FailureError)
    )


def test_str_is_the_english_sentence_with_its_values():
    error = SpecError("spec_stages", depths=2, widths=3)
    assert str(error) == error.sentence(Text("en"))
    assert "2 depths and 3 widths" in str(error)


def test_the_sentence_speaks_every_language():
    error = SpecError("preset_unknown", name="resnet57", known="resnet56")
    sentences = {error.sentence(Text(language)) for language in LANGUAGES}
    assert len(sentences) == len(LANGUAGES)
    assert all("resnet57" in s and "resnet56" in s for s in sentences)


def test_a_layer_error_is_a_key_error_that_reads_well():
    error = LayerError("layer_unknown", name="x", known="y")
    assert isinstance(error, KeyError)
    assert str(error).startswith("There is no layer")  # KeyError alone would show a repr


def test_braces_in_what_the_user_gave_are_shown_as_they_are():
    assert "{name!r}" in str(SpecError("preset_unknown", name="{name!r}", known="{}"))


def test_an_error_crosses_a_process_boundary():
    error = pickle.loads(pickle.dumps(LayerError("layer_unknown", name="a", known="b")))
    assert str(error) == str(LayerError("layer_unknown", name="a", known="b"))


def test_close_matches_put_the_nearest_first_and_never_nothing():
    names = ["layer1.0", "layer1.1", "layer2.0", "fc"]
    assert close_matches("layer1.2", names).split(", ")[0] in ("layer1.0", "layer1.1")
    assert close_matches("?", names, count=2) == "layer1.0, layer1.1"
