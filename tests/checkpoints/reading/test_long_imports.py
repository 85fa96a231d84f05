"""Pickles that import names no library has never reach PyTorch, whose search is quadratic."""

import io
import zipfile

import pytest
import torch

from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.core.errors import CheckpointError

LONG = b"a" * 100_000
PICKLES = {
    "module": b"\x80\x02c" + LONG + b"\nb\n)R.",
    "name": b"\x80\x02ca\n" + LONG + b"\n)R.",
    "instance": b"\x80\x02(ia\n" + LONG + b"\n.",
    "other letters": b"\x80\x02c" + "é".encode() * 50_000 + b"\nb\n)R.",
    "after others": b"\x80\x02}." * 4 + b"\x80\x02c" + LONG + b"\nb\n)R.",
}


@pytest.mark.parametrize("name", PICKLES)
def test_a_long_import_is_refused_before_pytorch_reads_it(name, tmp_path, monkeypatch):
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("PyTorch was called"))
    path = tmp_path / "long.pth"
    path.write_bytes(PICKLES[name])
    with pytest.raises(CheckpointError) as caught:
        read_weights(path)
    assert len(str(caught.value)) < 600


def test_an_ordinary_state_dict_with_a_long_text_is_read(tmp_path):
    path = tmp_path / "ordinary.pt"
    torch.save({"conv.weight": torch.ones(2, 1, 3, 3), "notes": "c" * 5000}, path)
    assert list(read_weights(path).tensors) == ["conv.weight"]
    inside = zipfile.ZipFile(io.BytesIO(path.read_bytes())).namelist()
    assert any(entry.endswith("data.pkl") for entry in inside)
