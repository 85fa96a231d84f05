"""Fresh, lesioned, bundled and downloaded weights."""

import hashlib
import io
import os
from types import SimpleNamespace

import pytest
import torch

from resnet_viz import NetworkRef, NetworkSpec, WeightSource, build, load, load_two
from resnet_viz.checkpoints.sources import published as pretrained
from resnet_viz.checkpoints.sources.bundled import bundled_network
from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.checkpoints.sources.cut_shortcuts import lesion
from resnet_viz.checkpoints.sources.published import (
    fetch_pretrained,
    pretrained_file,
    published_network,
)
from resnet_viz.checkpoints.sources.untrained import untrained_network
from resnet_viz.checkpoints.weight_sources import twin_names
from resnet_viz.core.errors import CheckpointError, DownloadError, OptionError
from resnet_viz.core.places import cifar10_folders
from resnet_viz.datasets.named import read_sheet
from resnet_viz.networks.zoo.labels import TORCHVISION_WEIGHTS
from resnet_viz.pictures.preprocess import (
    CIFAR_PREPROCESSING,
    IMAGENET_PREPROCESSING,
    normalise,
    preprocessing_for,
)
from resnet_viz.pictures.samples import sample_batch
from resnet_viz.spec.presets import PRESETS
from tests.checkpoints.web import closed_port

SPEC = NetworkSpec(depths=(1, 2), widths=(4, 8), classes=3)


@pytest.mark.parametrize("spec", [SPEC, SPEC.plain()])
def test_fresh_statistics_are_those_of_the_batch(spec):
    """By hand, from what each normalisation is given when the ones before use the batch."""
    batch = sample_batch(preprocessing_for(spec))
    loaded = untrained_network(spec, 5)
    network, values = build(spec, seed=5).train(), {}
    with torch.no_grad():
        network(batch, values.setdefault)
    for name, module in loaded.network.named_modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            given = values[name.replace("bn", "conv")].transpose(0, 1).flatten(1)
            torch.testing.assert_close(module.running_mean, given.mean(1), atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(module.running_var, given.var(1), atol=1e-6, rtol=1e-4)
            assert module.momentum == 0.1


def test_fresh_weights_are_those_of_build():
    loaded = untrained_network(SPEC, 5)
    for name, parameter in build(SPEC, seed=5).named_parameters():
        assert torch.equal(dict(loaded.network.named_parameters())[name], parameter)
    assert not loaded.network.training
    assert loaded.source is WeightSource.RANDOM
    assert loaded.training["seed"] == 5


def test_fresh_networks_do_not_explode_in_evaluation_mode():
    """What the statistics are for: without them the residual network looks like the sick one."""
    pair = load_two(NetworkRef.parse("resnet56:random", seed=0))
    batch = sample_batch(CIFAR_PREPROCESSING)
    with torch.no_grad():
        settled = pair.first.network(batch).abs().max()
        bare = build(NetworkSpec.preset("resnet56"), seed=0).eval()(batch).abs().max()
    assert settled < 10
    assert bare > 100 * settled


def test_a_fresh_pair_is_a_pair_of_twins():
    pair = load_two(NetworkRef.parse("resnet20:random", seed=3))
    assert pair.first.network.spec.plain() == pair.second.network.spec
    for (name, one), other in zip(
        pair.first.network.named_parameters(), pair.second.network.parameters(), strict=True
    ):
        assert torch.equal(one, other), name
    again = load_two(NetworkRef.parse("resnet20:random", seed=3))
    other = load_two(NetworkRef.parse("resnet20:random", seed=4))
    assert again.first.digest == pair.first.digest != other.first.digest


@pytest.mark.parametrize("shortcut", ["zero_pad", "projection"])
def test_a_lesion_keeps_the_weights_and_has_no_shortcut(shortcut):
    spec = NetworkSpec.from_dict({**SPEC.to_dict(), "shortcut": shortcut})
    whole = untrained_network(spec, 5)
    cut = lesion(whole)
    assert cut.network.spec == spec.plain()
    assert cut.source is WeightSource.LESION
    assert not any(n.endswith((".shortcut", ".join")) for n in cut.network.tap_names())
    mine = whole.network.state_dict()
    for name, value in cut.network.state_dict().items():
        assert torch.equal(value, mine[name]), name
    dropped = mine.keys() - cut.network.state_dict().keys()
    assert all(".downsample." in name for name in dropped)
    assert bool(dropped) == (shortcut == "projection")
    assert not cut.network.training
    with torch.no_grad():  # its own copy
        cut.network.fc.bias += 1
    assert torch.equal(whole.network.state_dict()["fc.bias"], mine["fc.bias"])
    assert not torch.equal(cut.network.fc.bias, whole.network.fc.bias)


def test_either_twin_names_the_pair():
    assert twin_names("plain56") == twin_names("resnet56")
    assert twin_names("resnet50").second == "plain50"
    with pytest.raises(OptionError, match="resnet56"):
        twin_names("resnet57")


def test_a_file_gives_its_network_and_its_lesion(tmp_path):
    torch.save(build(NetworkSpec.preset("resnet20"), seed=8).state_dict(), tmp_path / "w.pth")
    pair = load_two(NetworkRef.parse("resnet20", str(tmp_path / "w.pth")))
    assert pair.first.source is WeightSource.FILE
    assert pair.second.source is WeightSource.LESION


# Downloads, from a server of our own.


def serve(web, monkeypatch, body, *, checksum=None, **options):
    digest = checksum or hashlib.sha256(body).hexdigest()[:8]
    url = web.url(f"resnet18-{digest}.pth", body, **options)
    monkeypatch.setattr(pretrained, "weights_named", lambda _: SimpleNamespace(url=url))


def test_pretrained_weights_are_fetched_once(web, monkeypatch):
    weights = build(NetworkSpec.preset("resnet18"), seed=1).state_dict()
    file = io.BytesIO()
    torch.save({k: v for k, v in weights.items() if "num_batches" not in k}, file)
    serve(web, monkeypatch, file.getvalue())
    for _ in range(2):
        loaded = published_network(NetworkSpec.preset("resnet18"))
    assert len(web.requests) == 1
    assert loaded.source is WeightSource.PRETRAINED
    assert loaded.preprocessing == IMAGENET_PREPROCESSING
    assert len(loaded.classes) == 1000
    assert not loaded.network.training
    assert torch.equal(loaded.network.fc.weight, weights["fc.weight"])
    assert os.listdir(pretrained_file("resnet18").parent) == [pretrained_file("resnet18").name]


def test_pretrained_weights_with_a_wrong_checksum_are_thrown_away(web, monkeypatch):
    serve(web, monkeypatch, b"changed", checksum="00000000")
    with pytest.raises(DownloadError, match="discarded"):
        published_network(NetworkSpec.preset("resnet18"))
    assert os.listdir(pretrained_file("resnet18").parent) == []


def test_pretrained_weights_that_end_early_are_thrown_away(web, monkeypatch):
    serve(web, monkeypatch, b"half", promise=1000)
    with pytest.raises(DownloadError):
        list(fetch_pretrained("resnet18"))
    assert os.listdir(pretrained_file("resnet18").parent) == []


def test_offline_says_where_to_put_the_file(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    url = f"http://127.0.0.1:{closed_port()}/resnet18-12345678.pth"
    monkeypatch.setattr(pretrained, "weights_named", lambda _: SimpleNamespace(url=url))
    with pytest.raises(DownloadError) as caught:
        published_network(NetworkSpec.preset("resnet18"))
    assert url in str(caught.value)
    assert str(pretrained_file("resnet18").parent) in str(caught.value)


def test_the_checksum_is_in_every_real_files_name():
    for name in TORCHVISION_WEIGHTS:
        prefix = pretrained_file(name).stem.rpartition("-")[2]
        assert len(prefix) == 8
        int(prefix, 16)


def test_there_are_no_pretrained_cifar_weights():
    with pytest.raises(CheckpointError, match="resnet50"):
        pretrained.pretrained_file("resnet56")


# Bundled.


def test_unknown_bundled_weights_list_those_there_are():
    with pytest.raises(CheckpointError, match="resnet1202"):
        bundled_network("resnet1202")


@pytest.mark.parametrize("name", bundled_names())
def test_bundled_networks_say_how_they_were_trained(name):
    loaded = load(NetworkRef.parse(name, "bundled"))
    assert loaded.network.spec.name == name
    assert loaded.source is WeightSource.BUNDLED
    assert loaded.preprocessing == CIFAR_PREPROCESSING
    assert {"recipe", "data"} <= loaded.training["training"].keys()
    assert len(loaded.training["curve"]) >= 1


def test_bundled_networks_come_in_pairs():
    names = set(bundled_names())
    assert {twin_names(n).first for n in names} | {twin_names(n).second for n in names} == names


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.slow) if PRESETS[n].depth > 20 else n
        for n in bundled_names()
    ],
)
def test_bundled_networks_reach_their_recorded_error(name):
    """On 1,000 test images, the first 100 of each class; three standard deviations of chance."""
    folder = next((f for f in cifar10_folders() if (f / "test").is_dir()), None)
    if folder is None:
        pytest.skip("CIFAR-10's contact sheets are not on this machine")
    loaded = load(NetworkRef.parse(name, "bundled"))
    recorded = loaded.training["curve"][-1]["test_error"]
    wrong = 0
    with torch.no_grad():
        for label, word in enumerate(loaded.classes):
            tiles = read_sheet(folder / "test" / f"{word}.webp")[:100]
            logits = loaded.network(normalise(tiles, loaded.preprocessing))
            wrong += int((logits.argmax(1) != label).sum())
    spread = (recorded * (1 - recorded) / 1000) ** 0.5
    assert abs(wrong / 1000 - recorded) < 3 * spread
