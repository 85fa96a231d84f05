"""Damaged, hostile and other files: one sentence each, and no code runs."""

import json
import os
import pickle
import zipfile
from contextlib import suppress

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from resnet_viz import build, load_checkpoint
from resnet_viz.checkpoints.reading.file_metadata import file_metadata
from resnet_viz.core.errors import CheckpointError, InputError
from tests.checkpoints.saved_files import FILES, NARROW, SPEC, save
from tests.networks.unchecked import unchecked


class RunsCode:
    def __init__(self, witness):
        self.witness = witness

    def __reduce__(self):
        return os.system, (f"touch {self.witness}",)


@pytest.mark.parametrize("form", ["zip", "legacy", "bare pickle", "in a state dict"])
def test_a_pickle_that_would_run_code_is_refused_without_running(tmp_path, form):
    witness, path = tmp_path / "ran", tmp_path / "evil.pth"
    evil = RunsCode(witness)
    match form:
        case "zip":
            torch.save(evil, path)
        case "legacy":
            torch.save(evil, path, _use_new_zipfile_serialization=False)
        case "bare pickle":
            path.write_bytes(pickle.dumps(evil))
        case _:
            torch.save({"state_dict": build(SPEC, seed=0).state_dict(), "epoch": evil}, path)
    with pytest.raises(CheckpointError, match=r"could run code|damaged"):
        load_checkpoint(path, SPEC)
    assert not witness.exists()


def test_a_whole_pickled_network_is_refused(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "network.pth")
    with pytest.raises(CheckpointError, match=r"asks for torch.nn.modules.linear.Linear") as caught:
        load_checkpoint(tmp_path / "network.pth", SPEC)
    assert 'torch.save(network.state_dict(), "weights.pth")' in str(caught.value)


fuzz = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("form", FILES)
@fuzz
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_pickle_is_one_sentence(tmp_path, form, share):
    data = FILES[form]
    (tmp_path / "w.pth").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CheckpointError):
        load_checkpoint(tmp_path / "w.pth", NARROW)


@pytest.mark.parametrize("form", FILES)
@fuzz
@given(place=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused_in_one_sentence(tmp_path, form, place, value):
    data = bytearray(FILES[form])
    data[int(len(data) * place)] = value
    (tmp_path / "w.pth").write_bytes(bytes(data))
    with suppress(CheckpointError):
        load_checkpoint(tmp_path / "w.pth", NARROW)


@fuzz
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_safetensors_file_is_one_sentence(tmp_path, share):
    path = tmp_path / "w.safetensors"
    save(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(CheckpointError):
        load_checkpoint(path)


FOREIGN = {
    "is empty": b"",
    "is text": b"hello, this is text",
    "is a picture": b"\x89PNG\r\n\x1a\n" + bytes(99),
    "is a web page": b"<!DOCTYPE html><html>Quota exceeded</html>",
    "is a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 12\n",
    "TensorFlow Lite": b"\x1c\x00\x00\x00TFL3" + bytes(99) + b"\x01",
    "begins with zeros": bytes(2000),
    "is an archive": b"\x1f\x8b\x08" + bytes(99),
    "damaged or of another format": b"\x01\x02\x03\x04" * 99,
}


@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".onnx", ".h5"])
@pytest.mark.parametrize("words", FOREIGN)
def test_a_file_that_is_no_checkpoint_is_named_with_what_to_do(tmp_path, suffix, words):
    if suffix in (".onnx", ".safetensors", ".h5") and "another format" in words:
        pytest.skip("the reader of this format says what is wrong")
    path = tmp_path / f"w{suffix}"
    path.write_bytes(FOREIGN[words])
    with pytest.raises(CheckpointError, match=words):
        load_checkpoint(path, SPEC)


@pytest.mark.parametrize("form", FILES)
@pytest.mark.parametrize("share", [0.3, 0.95])
def test_a_file_that_was_cut_off_is_said_to_be_cut_off(tmp_path, form, share):
    data = FILES[form]
    (tmp_path / "w.pth").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CheckpointError, match="cut off"):
        load_checkpoint(tmp_path / "w.pth", NARROW)


def test_a_safetensors_file_that_was_cut_off_has_its_bytes_counted(tmp_path):
    path = tmp_path / "w.safetensors"
    save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(CheckpointError, match=f"has {len(whole) - 100:} of {len(whole)} bytes"):
        load_checkpoint(path)


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}, {}, torch.zeros(3), {1: torch.zeros(1)}])
def test_a_file_without_named_weights_is_one_sentence(tmp_path, content):
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match="no named weights"):
        load_checkpoint(tmp_path / "w.pth", SPEC)


def test_a_zip_that_is_no_checkpoint_is_one_sentence(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.pth", "w") as file:
        file.writestr("readme.txt", "hello")
    with pytest.raises(CheckpointError):
        load_checkpoint(tmp_path / "w.pth", SPEC)


@pytest.mark.parametrize("what", ["missing", "folder"])
def test_no_file_is_one_sentence(tmp_path, what):
    path = tmp_path if what == "folder" else tmp_path / "none.pth"
    with pytest.raises(CheckpointError, match="no weights file"):
        load_checkpoint(path, SPEC)


def test_a_large_file_is_refused_before_it_is_read(tmp_path):
    with open(tmp_path / "huge.pth", "wb") as file:
        file.truncate(1_000_000_001)  # sparse: takes no space
    with pytest.raises(CheckpointError, match="larger than 1000 MB"):
        load_checkpoint(tmp_path / "huge.pth", SPEC)


PREPARED = {"size": 16, "resize": 20, "mean": [0.1, 0.2, 0.3], "deviation": [0.4, 0.5, 0.6]}
UNUSABLE = (
    {"resize": 0},
    {"resize": 15},
    {"resize": 512},
    {"size": 0, "resize": 0},
    {"size": 512, "resize": 512},
    {"size": -16},
    {"mean": [0.1]},
    {"mean": ["nan", 0.2, 0.3]},
    {"deviation": [0.4, 0.5]},
    {"deviation": [0.4, 0.0, 0.6]},
    {"deviation": [0.4, -0.5, 0.6]},
    {"deviation": ["inf", 0.5, 0.6]},
)


@pytest.mark.parametrize(
    "metadata",
    [
        {"spec": 5},
        {"spec": ["depths"]},
        {"spec": None},
        {"spec": {"depths": [1]}},
        {"spec": {"depths": [0], "widths": [4]}},
        {"spec": {"depths": ["1"], "widths": [4]}},
        {"spec": {"depths": [1], "widths": [4], "block": 7}},
        {"spec": SPEC.to_dict(), "preprocessing": {}},
        {"spec": SPEC.to_dict(), "preprocessing": 3},
        {"spec": SPEC.to_dict(), "preprocessing": {"size": "x", "resize": 1, "mean": 1}},
        *({"spec": SPEC.to_dict(), "preprocessing": {**PREPARED, **other}} for other in UNUSABLE),
        {"spec": SPEC.to_dict(), "classes": 4},
        {"spec": SPEC.to_dict(), "classes": ["only one"]},
    ],
    ids=lambda m: json.dumps(m)[-60:],
)
def test_strange_metadata_is_one_sentence(tmp_path, metadata):
    weights = build(SPEC, seed=0).state_dict()
    text = {key: json.dumps(value) for key, value in metadata.items()}
    save_file(weights, tmp_path / "w.safetensors", metadata=text)
    with unchecked(), pytest.raises(InputError):
        load_checkpoint(tmp_path / "w.safetensors")


def test_a_header_that_nobody_writes_is_not_parsed(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes((8_000_000).to_bytes(8, "little") + b"{" + b" " * 8_000_000)
    with pytest.raises(CheckpointError, match=r"w\.safetensors"):
        file_metadata(path)
