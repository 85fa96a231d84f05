"""Published weights of the catalog, from a local server."""

import hashlib
import io
from types import SimpleNamespace

import pytest
import torch
from torchvision.models import densenet

from resnet_viz.checkpoints.sources import published as pretrained
from resnet_viz.checkpoints.sources.published import published_url
from resnet_viz.checkpoints.sources.zoo_weights import fill_zoo, pretrained_zoo
from resnet_viz.core.errors import CheckpointError
from resnet_viz.networks.zoo.build_zoo import build_zoo, zoo_without_weights
from resnet_viz.networks.zoo.catalog import ZOO
from resnet_viz.networks.zoo.torchvision_names import weights_named
from tests.checkpoints.web import serving

SIDE = 64


@pytest.fixture
def web():
    with serving() as started:
        yield started


def batch():
    return torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(2))


def dotted(state):
    """DenseNet's names as they are in torchvision's files."""
    return {
        key.replace("norm1", "norm.1").replace("norm2", "norm.2")
        .replace("conv1", "conv.1").replace("conv2", "conv.2"): value
        for key, value in state.items()
        if not key.endswith("num_batches_tracked")  # they are older than these counters
    }  # fmt: skip


def test_published_weights_are_fetched_once_and_fill_the_network(web, monkeypatch):
    network = build_zoo("mobilenet_v2", 7, seed=3).eval()
    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    digest = hashlib.sha256(file.getvalue()).hexdigest()[:8]
    url = web.url(f"mobilenet_v2-{digest}.pth", file.getvalue())
    monkeypatch.setattr(pretrained, "published_url", lambda name: url)
    for _ in range(2):
        loaded = pretrained_zoo("mobilenet_v2")
    assert len(web.requests) == 1
    assert not loaded.training
    assert torch.equal(loaded(batch()), network(batch()))


def test_densenets_old_names_are_read_as_torchvision_reads_them():
    network = build_zoo("densenet121", 4, seed=3).eval()
    old = dotted(network.state_dict())
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    theirs = densenet.densenet121(num_classes=4)
    source = SimpleNamespace(get_state_dict=lambda **_: dict(old))
    densenet._load_state_dict(theirs, source, progress=False)
    own = fill_zoo("densenet121", old)
    assert torch.equal(own(batch()), theirs.eval()(batch()))
    assert torch.equal(own(batch()), network(batch()))


def test_googlenets_training_heads_are_left_out():
    state = build_zoo("googlenet", 3).state_dict()
    filled = fill_zoo("googlenet", {**state, "aux1.conv.conv.weight": torch.zeros(1)})
    assert filled.transform_input
    assert filled.state_dict().keys() == state.keys()


def test_weights_of_another_network_are_refused_with_a_count():
    state = build_zoo("mobilenet_v2", 3).state_dict()
    with pytest.raises(CheckpointError, match="AlexNet"):
        fill_zoo("alexnet", state)


def test_every_row_knows_its_weights_and_lenet_has_none():
    for name, row in ZOO.items():
        if row.weights is not None:
            assert published_url(name) == weights_named(row.weights).url
            assert len(pretrained.pretrained_file(name).stem.rpartition("-")[2]) == 8
    with pytest.raises(CheckpointError, match="densenet121"):
        published_url("lenet5")


def test_a_skeleton_takes_no_memory():
    assert {p.device.type for p in zoo_without_weights("vgg19").parameters()} == {"meta"}
