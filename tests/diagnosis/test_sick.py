"""Defects are detected with their layer; healthy checkpoints have no findings."""

import copy
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from resnet_viz import CheckpointReport, NetworkRef, NetworkSpec, diagnose, load
from resnet_viz.checkpoints.identifying.identify import identify
from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.checkpoints.reading.state_dict import StateDict
from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.cli import app
from resnet_viz.core.converter import decode, encode
from resnet_viz.core.places import ASSETS, cifar10_folders
from resnet_viz.core.text import LANGUAGES, Text
from resnet_viz.datasets.named import from_sheets
from resnet_viz.diagnosis.compare_checkpoints import compare_checkpoints
from resnet_viz.diagnosis.diagnose import identified
from resnet_viz.records import CheckpointComparison, Severity
from tests.source import ROOT

FOREIGN = ROOT.parent / "shared" / "checkpoints"
BAD = (Severity.WARN, Severity.FAIL)
HEALTHY = [
    *sorted((ASSETS / "checkpoints").glob("*.safetensors")),
    *sorted(path for path in FOREIGN.glob("*") if path.suffix in (".pt", ".h5", ".th")),
]


@pytest.fixture(scope="module")
def base():
    return load(NetworkRef.parse("resnet20")).network


@cache
def reported(path: Path) -> CheckpointReport:
    """The report of a file as it lies there, made once."""
    return diagnose(path)


#: Deep ones are for the sweep.
KNOWN = [
    pytest.param(path, id=path.stem, marks=[pytest.mark.slow] if "56" in path.stem else [])
    for path in HEALTHY
]


@pytest.mark.parametrize("path", KNOWN)
def test_nothing_alarming_is_said_of_a_healthy_network(path):
    report = reported(path)
    # a deep plain network is sick of being plain, and may be warned of; nothing of it is broken
    bad = (Severity.FAIL,) if path.stem.startswith("plain") else BAD
    alarming = [(f.check, f.layer, f.value) for f in report.findings if f.severity in bad]
    assert not alarming
    assert report.identified.matched == report.identified.total


def test_the_report_survives_a_way_through_json():
    report = reported(ASSETS / "checkpoints" / "resnet20.safetensors")
    again = decode(CheckpointReport, json.loads(json.dumps(encode(report))))
    assert again == report
    assert len(report.to_frame()) == len(report.findings)


def test_findings_are_ranked_and_every_one_has_its_words():
    report = reported(ASSETS / "checkpoints" / "plain20.safetensors")
    order = [list(Severity).index(f.severity) for f in report.findings]
    assert order == sorted(order)
    for language in LANGUAGES:
        for finding in report.findings:
            assert finding.name(Text(language))
            assert finding.source(Text(language))
            assert finding.advice(Text(language))


def test_the_command_prints_the_contract(tmp_path):
    file, page = ASSETS / "checkpoints" / "resnet20.safetensors", tmp_path / "report.html"
    done = CliRunner().invoke(app, ["diagnose", str(file), "--json", "--out", str(page)])
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) >= {"identified", "findings", "code", "layers", "contents", "copies", "gate"}
    compile(found["code"], "code.py", "exec")
    identified = dict(found["identified"])
    assert identified.pop("confidence") == 1.0
    assert identified.items() >= {
        "family": "cifar", "kind": "residual", "depth": 20, "block": "basic",
        "widths": [16, 32, 64], "shortcut": "zero_pad", "classes": 10, "input_channels": 3,
        "parameters": 269_722, "norm": "batch", "stem": "cifar", "normalisation": "described",
    }.items()  # fmt: skip
    assert identified["class_order"][3] == "cat"
    for row in found["findings"]:
        assert set(row) == {
            "check",
            "severity",
            "layer",
            "value",
            "threshold",
            "source",
            "advice",
            "consequences",
        }
        assert row["severity"] in {"ok", "note", "warn", "fail"}
    html = page.read_text("utf-8")
    assert "class ResNet(nn.Module)" in html
    assert "Plotly.newPlot" in html
    assert 'src="http' not in html


@pytest.mark.parametrize("name", bundled_names())
def test_a_bundled_network_is_known_without_its_description(name):
    """By its tensors alone: the file says what it is, and that is not read here."""
    tensors = read_weights(ASSETS / "checkpoints" / f"{name}.safetensors").tensors
    found = identify(StateDict(tensors), name)
    assert found.sure
    assert found.spec == NetworkSpec.preset(name)
    assert found.normalisation == "cifar"


@pytest.mark.skipif(not FOREIGN.is_dir(), reason="needs ../shared/checkpoints")
@pytest.mark.parametrize(
    ("file", "spec"), [("resnet20-12fca82f.th", "resnet20"), ("resnet56-4bfd9763.th", "resnet56")]
)
def test_foreign_checkpoints_are_identified_whole(file, spec):
    report = reported(FOREIGN / file)
    found = report.identified
    assert (found.family, found.kind, f"resnet{found.depth}") == ("cifar", "residual", spec)
    assert found.matched == found.total
    assert found.normalisation == "imagenet"
    assert found.confidence > 0.85
    assert "best_prec1" in found.training


def accuracy(path: Path, step: int) -> float:
    from resnet_viz import load_checkpoint
    from resnet_viz.datasets.load_dataset import load_dataset
    from resnet_viz.pictures.preprocess import normalise

    loaded, test = load_checkpoint(path), load_dataset("cifar10").test
    right = 0
    images, labels = test.images[::step], test.labels[::step]
    with torch.no_grad():
        for start in range(0, len(labels), 500):
            batch = normalise(images[start : start + 500], loaded.preprocessing)
            answers = loaded.network(batch).argmax(1)
            right += int((answers == labels[start : start + 500]).sum())
    return 100 * right / len(labels)


@pytest.mark.skipif(not FOREIGN.is_dir(), reason="needs ../shared/checkpoints")
def test_a_foreign_checkpoint_is_right_on_a_part_of_the_test_set():
    assert accuracy(FOREIGN / "resnet20-12fca82f.th", 25) == pytest.approx(91.73, abs=3)


@pytest.mark.slow
@pytest.mark.skipif(not FOREIGN.is_dir(), reason="needs ../shared/checkpoints")
@pytest.mark.parametrize(
    ("file", "published"), [("resnet20-12fca82f.th", 91.73), ("resnet56-4bfd9763.th", 93.39)]
)
def test_foreign_checkpoints_reach_their_published_accuracy(file, published):
    assert accuracy(FOREIGN / file, 1) == pytest.approx(published, abs=0.15)


def _said(network, tmp_path, **options):
    torch.save(network.state_dict(), tmp_path / "w.pth")
    return {f.check: f for f in diagnose(tmp_path / "w.pth", **options).findings}


@pytest.mark.parametrize("kind", ["half_precision", "quantised"])
def test_rounded_weights_are_noted(kind, base, tmp_path):
    network = copy.deepcopy(base)
    with torch.no_grad():
        for value in network.parameters():
            if kind == "half_precision":
                value.copy_(value.half().float())
            else:
                step = value.abs().max() / 127
                value.copy_((value / step).round() * step)
    assert _said(network, tmp_path)[kind].severity is Severity.NOTE


def test_a_fine_tuned_network_is_known_with_the_layer_that_moved(base, tmp_path):
    network = copy.deepcopy(base)
    with torch.no_grad():
        network.get_submodule("layer3.1.conv1").weight.mul_(1.3)
    found = _said(network, tmp_path)["known_checkpoint"]
    assert dict(found.words)["layers"].startswith("layer3.1.conv1 (30%)")


def test_another_size_than_the_trained_one_is_warned_of(tmp_path):
    deep = load(NetworkRef.parse("resnet56")).network  # shallow ones hardly mind another size
    found = _said(deep, tmp_path, spec=replace(deep.spec, input_size=16))["input_size"]
    assert found.severity is Severity.WARN
    assert dict(found.words)["best"] == "32"


@pytest.mark.skipif(not FOREIGN.is_dir(), reason="needs ../shared/cifar10")
def test_reversed_channels_are_noticed_with_enough_images(base, tmp_path):
    network = copy.deepcopy(base)
    with torch.no_grad():
        network.conv1.weight.copy_(network.conv1.weight.flip(1))
    images = own_pictures(tmp_path / "pictures", 40)
    assert _said(base, tmp_path, images=images)["channel_order"].severity is Severity.OK
    assert _said(network, tmp_path, images=images)["channel_order"].severity is Severity.WARN


def own_pictures(folder, count):
    from PIL import Image

    folder.mkdir()
    pixels = from_sheets(cifar10_folders()[-1], ("test",)).images
    for number, image in enumerate(pixels[:: len(pixels) // count][:count]):
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(folder / f"{number:03}.png")
    return folder


def test_a_step_that_replaces_the_weights_is_found_in_its_layer(base, tmp_path):
    weights = base.state_dict()
    names = [k for k in weights if not k.endswith(("running_mean", "running_var", "tracked"))]
    state = {n: {"momentum_buffer": weights[k] * (30 if k.startswith("layer2.1.conv1") else 0.1)}
             for n, k in enumerate(names)}  # fmt: skip
    content = {"net": weights, "optimizer": {"state": state, "param_groups": [
        {"lr": 0.1, "momentum": 0.9, "params": list(range(len(names)))}]}}  # fmt: skip
    torch.save(content, tmp_path / "w.pth")
    found = [f for f in diagnose(tmp_path / "w.pth").findings if f.check == "update_ratio"]
    # no failure: these weights still answer well
    assert [(f.layer, f.severity) for f in found] == [("layer2.1.conv1", Severity.WARN)]
    assert found[0].value == pytest.approx(3)


def test_two_checkpoints_beside_each_other(base):
    """A network beside itself is alike, agrees, and has not moved."""
    file = ASSETS / "checkpoints" / "resnet20.safetensors"
    same = compare_checkpoints(identified(file), identified(file))
    assert all(row[n] == pytest.approx(1) for n, row in enumerate(same.cka))
    assert same.agreement == 1
    assert set(same.moved.values()) == {0.0}
    other = compare_checkpoints(
        identified(file), identified(ASSETS / "checkpoints" / "plain56.safetensors")
    )
    assert (len(other.cka), len(other.cka[0])) == (9, 27)
    assert other.moved == {}
    assert 0 <= other.agreement < 1
    assert decode(CheckpointComparison, json.loads(json.dumps(encode(other)))) == other
