"""Untrusted weights, rewritten as a plain file: the same network, and nothing to unpickle."""

import pytest
import torch

from resnet_viz import build, load_checkpoint
from resnet_viz.checkpoints.reading.file_metadata import file_footing
from resnet_viz.checkpoints.safe_copy import CopyConfig, copy_job
from resnet_viz.core.errors import CheckpointError
from tests.checkpoints.saved_files import SPEC, assert_equal_weights, save


def test_a_copy_is_the_same_network(tmp_path):
    network = build(SPEC, seed=3)
    torch.save({"epoch": 3, "state_dict": network.state_dict()}, tmp_path / "any.pth")
    (written,) = copy_job(CopyConfig(str(tmp_path / "any.pth"), str(tmp_path / "plain"), SPEC))
    copied = load_checkpoint(written.path)
    assert copied.spec == SPEC
    assert_equal_weights(copied.network.state_dict(), network.state_dict())


def test_a_copy_of_our_own_file_says_all_that_the_file_said(tmp_path):
    save(tmp_path / "own.safetensors")
    (written,) = copy_job(CopyConfig(str(tmp_path / "own.safetensors"), str(tmp_path / "plain")))
    own, copied = load_checkpoint(tmp_path / "own.safetensors"), load_checkpoint(written.path)
    assert own.digest == copied.digest
    for name in ("classes", "preprocessing", "training", "spec"):
        assert getattr(own, name) == getattr(copied, name)
    assert repr(file_footing(tmp_path / "own.safetensors")) == repr(
        file_footing(tmp_path / "plain")
    )


def test_a_file_that_cannot_be_used_leaves_no_copy(tmp_path):
    (tmp_path / "bad.pth").write_bytes(b"no weights")
    with pytest.raises(CheckpointError):
        list(copy_job(CopyConfig(str(tmp_path / "bad.pth"), str(tmp_path / "plain"), SPEC)))
    assert [path.name for path in tmp_path.iterdir()] == ["bad.pth"]
