"""Pages load an uploaded file only after the sandbox has rewritten it."""

import pytest
import torch

from resnet_viz import NetworkRef, build
from resnet_viz.checkpoints.safe_copy import copy_job
from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.checkpoints.weights import Weights
from resnet_viz.core.places import home
from resnet_viz.records import WeightSource
from resnet_viz.ui.running import safe_weights
from resnet_viz.ui.running.safe_weights import safe_ref
from tests.checkpoints.saved_files import SPEC


@pytest.fixture
def sandboxes(monkeypatch):
    """The jobs that went to a sandbox; here they run in this process."""
    asked = []

    class Here:
        def __init__(self, kind, name, limits):
            asked.append((kind, name))

        def records(self, config):
            return copy_job(config)

        def kill(self):
            return

    monkeypatch.setattr(safe_weights, "Sandbox", Here)
    return asked


def uploaded():
    folder = home() / "uploads" / "digest"
    folder.mkdir(parents=True)
    torch.save(build(SPEC, seed=0).state_dict(), folder / "theirs.pth")
    return NetworkRef(SPEC, Weights(WeightSource.FILE, path=folder / "theirs.pth", title="theirs"))


def test_an_upload_is_rewritten_once_and_a_lesion_follows_it(sandboxes):
    ref = uploaded()
    safe, twin = safe_ref(ref, "working"), safe_ref(ref.twin(), "working")
    assert safe.weights.path.name.startswith("plain-")
    assert (safe.title, safe.spec) == ("theirs", SPEC)
    assert twin.before_lesion() == safe
    assert safe_ref(ref, "again") == safe
    assert {kind for kind, _ in sandboxes} == {"weights"}
    assert len(list(safe.weights.path.parent.glob("plain-*"))) == 1


def test_what_this_server_wrote_stays_as_it_is(sandboxes, tmp_path):
    run = Weights(WeightSource.FILE, path=home() / "runs" / "a" / "residual.safetensors")
    for ref in (NetworkRef(next(iter(bundled_names()))), NetworkRef(SPEC, run), NetworkRef(SPEC)):
        assert safe_ref(ref, "working") == ref
    assert not sandboxes
