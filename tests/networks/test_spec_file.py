"""A spec as a file: it is read as it was written, and any other file is refused in one sentence."""

import json
import tracemalloc

import pytest
from hypothesis import given

from resnet_viz import NetworkSpec
from resnet_viz.core.errors import SpecError
from resnet_viz.networks.export.spec_file import spec_from_json, spec_to_json
from resnet_viz.spec import PRESETS
from tests.networks.specs import fields


@given(fields=fields())
def test_a_spec_comes_back_as_it_went(fields):
    spec = NetworkSpec(**fields)
    assert spec_from_json(spec_to_json(spec)) == spec
    assert spec_from_json(spec_to_json(spec).encode()) == spec


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_fits_into_a_file(name):
    assert spec_from_json(spec_to_json(NetworkSpec.preset(name))).name == name


SMALL = {"depths": [1], "widths": [4]}
HOSTILE = {
    "empty": b"",
    "text": b"resnet50",
    "cut": spec_to_json(NetworkSpec.preset("resnet20")).encode()[:-5],
    "not text": bytes(range(256)),
    "a list": b"[1, 2]",
    "a number": b"7",
    "null": b"null",
    "nested 10 MB": b"[" * 10_000_000,
    "nested 60 kB": b'{"depths":' * 6000,
    "10 MB of blanks": b" " * 10_000_000,
    "huge number": b'{"depths": [' + b"9" * 6000 + b'], "widths": [4]}',
    "huge depth": json.dumps(SMALL | {"depths": [10**9]}).encode(),
    "negative width": json.dumps(SMALL | {"widths": [-4]}).encode(),
    "infinite": b'{"depths": [1], "widths": [4], "shortcut_scale": 1e999}',
    "not a number": b'{"depths": [1], "widths": [4], "shortcut_scale": NaN}',
    "unknown key": json.dumps(SMALL | {"__class__": "os.system"}).encode(),
    "same key twice": b'{"depths": [1], "depths": [2], "widths": [4]}',
    "missing": b'{"depths": [1]}',
    "object for a list": json.dumps(SMALL | {"depths": {"0": 1}}).encode(),
    "other version": json.dumps(SMALL | {"schema_version": 2}).encode(),
    "list as version": json.dumps(SMALL | {"schema_version": [1]}).encode(),
    "terabytes": json.dumps({"depths": [900, 900], "widths": [8192, 8192]}).encode(),
    "huge head": json.dumps(
        {"depths": [1], "widths": [8192], "block": "bottleneck", "classes": 100_000}
    ).encode(),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_one_sentence_without_memory(kind):
    tracemalloc.start()
    with pytest.raises(SpecError) as caught:
        spec_from_json(HOSTILE[kind], "mine.json")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 600
    assert peak < 50_000_000


def test_a_file_without_a_version_is_read():
    assert spec_from_json(json.dumps(SMALL)) == NetworkSpec(depths=(1,), widths=(4,))
