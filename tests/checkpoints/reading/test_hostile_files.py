"""Hostile files: no code runs, no memory is allocated, one sentence each."""

import resource
import sys

import pytest

from resnet_viz import load_checkpoint
from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.core.errors import CheckpointError
from resnet_viz.core.text import LANGUAGES, Text
from tests.checkpoints.hostile_files import (
    DAMAGED,
    INDEXES,
    ONNX,
    PICKLES,
    SAFETENSORS,
    WITNESS,
    write_all,
)

NAMES = [
    *PICKLES,
    *DAMAGED,
    *SAFETENSORS,
    *ONNX,
    *INDEXES,
    "2 GB sparse",
    "link to a device",
    "a folder",
]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_all(tmp_path_factory.mktemp("hostile"))


def test_there_are_enough(files):
    assert set(files) == set(NAMES)
    assert len(NAMES) >= 40


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_file_is_one_sentence(name, files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(files[name])
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert kilobytes < 300_000 * (1024 if sys.platform == "darwin" else 1)
    assert not (tmp_path / WITNESS).exists()
    for language in LANGUAGES:
        sentence = caught.value.sentence(Text(language))
        assert len(sentence.splitlines()) == 1
        assert len(sentence) < 600


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("os.system", "system"),
        ("os.system legacy", "system"),
        ("os.system protocol 4", "system"),
        ("os.system in a state dict", "system"),
        ("eval", "eval"),
        ("whole network", "torch.nn.modules.linear.Linear"),
    ],
)
def test_a_refused_pickle_lists_what_it_wanted(name, wanted, files):
    with pytest.raises(CheckpointError, match="could run code") as caught:
        read_weights(files[name])
    assert wanted in str(caught.value)
    assert "state_dict" in str(caught.value)
