"""Records survive a round trip through JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import Float64, Int64

from resnet_viz.core.converter import decode, encode
from resnet_viz.core.errors import CheckpointError, ResnetVizError, SpecError
from resnet_viz.spec import NetworkSpec


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Inner:
    colour: Colour
    numbers: tuple[float, ...]
    bins: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True)
class Outer:
    inner: Inner
    by_colour: Mapping[Colour, Inner]
    maybe: float | None
    count: int | None
    path: Path | None
    when: datetime
    png: bytes
    text_or_inner: str | Inner | None
    anything: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Arrays:
    values: Float64[np.ndarray, " n"]
    counts: Int64[np.ndarray, "rows columns"]


def there_and_back(record):
    return decode(type(record), json.loads(json.dumps(encode(record), allow_nan=False)))


def same(a, b):
    """Equal, where NaN equals NaN."""
    return repr(a) == repr(b)


floats = st.floats() | st.sampled_from([nan, inf, -inf])
inners = st.builds(
    Inner,
    st.sampled_from(Colour),
    st.lists(floats).map(tuple),
    st.lists(st.tuples(floats, st.integers())).map(tuple),
)


@given(
    st.builds(
        Outer,
        inner=inners,
        by_colour=st.dictionaries(st.sampled_from(Colour), inners),
        maybe=st.none() | floats,
        count=st.none() | st.integers(),
        path=st.none() | st.just(Path("/a/b.png")),
        when=st.datetimes(timezones=st.just(UTC)).map(lambda when: when.replace(fold=0)),
        png=st.binary(),
        text_or_inner=st.none() | st.text() | inners,
        anything=st.dictionaries(st.text(), st.lists(st.text() | st.booleans() | st.integers())),
    )
)
def test_a_record_comes_back_whole(record):
    assert same(there_and_back(record), record)


def test_arrays_come_back_with_their_type_and_read_only():
    record = Arrays(np.array([1.0, nan, -inf]), np.array([[1, 2], [3, 4]]))
    again = there_and_back(record)
    np.testing.assert_array_equal(again.values, record.values)
    np.testing.assert_array_equal(again.counts, record.counts)
    assert again.counts.dtype == np.int64
    assert not again.values.flags.writeable


def test_numbers_of_numpy_are_plain_numbers():
    values = {"a": np.float32(0.5), "b": np.int64(3), "c": np.float64("nan")}
    assert encode(values) == {"a": 0.5, "b": 3, "c": "nan"}


def test_an_error_comes_back_as_its_own_kind():
    error = there_and_back(CheckpointError("checkpoint_kind", name="a.pth", depth=20))
    assert type(error) is CheckpointError
    assert str(error) == str(CheckpointError("checkpoint_kind", name="a.pth", depth=20))
    with pytest.raises(ValueError, match="no error"):
        decode(ResnetVizError, {"error": "Text", "code": "x", "values": {}})


def test_a_spec_reads_itself_with_its_own_checks():
    spec = NetworkSpec.preset("resnet20")
    assert there_and_back(spec) == spec
    with pytest.raises(SpecError, match="depths"):
        decode(NetworkSpec, {**asdict(spec), "depths": [0]})


RIGHT = Inner(Colour.RED, (1.0,), ((0.5, 2),))


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "green"},
        {"numbers": 3},
        {"numbers": ["many"]},
        {"numbers": [True]},
        {"bins": [[0.5, 2.5]]},
        {"bins": [[0.5, True]]},
    ],
    ids=str,
)
def test_what_is_no_such_record_is_one_kind_of_error(wrong):
    with pytest.raises(ValueError):  # noqa: PT011  # the sentence is for developers
        decode(Inner, {**encode(RIGHT), **wrong})


@pytest.mark.parametrize("value", [None, 3, "text", [], {}])
def test_what_is_no_record_at_all_is_too(value):
    with pytest.raises(ValueError):  # noqa: PT011  # as above
        decode(Inner, value)


def test_what_is_missing_has_its_default_and_what_is_unknown_is_ignored():
    values = encode(RIGHT)
    del values["bins"]
    assert decode(Inner, {**values, "seen": 1}) == Inner(Colour.RED, (1.0,))
    assert {field.name for field in fields(Inner)} == encode(RIGHT).keys()
