"""``ByLayer``: values in order, made when they are first read."""

import pickle

import pytest

from resnet_viz.core.errors import LayerError
from resnet_viz.records.by_layer import ByLayer


def test_a_value_is_made_once_when_it_is_read_and_travels_made():
    made = []
    later = ByLayer.read_later(["a", "b#1", "b#2"], lambda name: made.append(name) or name * 2)
    assert (list(later), len(later), "b#1" in later, "c" in later) == (
        ["a", "b#1", "b#2"], 3, True, False
    )  # fmt: skip
    assert made == []
    assert (later["a"], later["a"], made) == ("aa", "aa", ["a"])
    with pytest.raises(LayerError, match="b#1"):
        later["b"]
    assert dict(pickle.loads(pickle.dumps(later))) == dict(later)
    assert made == ["a", "b#1", "b#2"]
