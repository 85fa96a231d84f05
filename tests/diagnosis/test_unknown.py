"""Every file that holds tensors gets a diagnosis: of its weights, if its network is not built."""

import json
import math

import pytest
import torch
from torch import nn

from resnet_viz import NetworkSpec, build, diagnose
from resnet_viz.core.converter import decode, encode
from resnet_viz.core.text import LANGUAGES, Text
from resnet_viz.records import Severity, Tier
from resnet_viz.report.diagnosis_report import diagnosis_page, facts, verdict

SMALL = NetworkSpec(depths=(1, 1), widths=(8, 16))


def convolutions(**more):
    body = {f"layer1.{n}.conv{c}": nn.Conv2d(8, 8, 3) for n in range(2) for c in (1, 2)}
    network = nn.ModuleList()
    named = {"conv1": nn.Conv2d(3, 8, 3), **body, **more, "fc": nn.Linear(8, 10)}
    return network, {f"{name}.{part}": value for name, module in named.items()
                     for part, value in module.state_dict().items()}  # fmt: skip


def se():
    inside = {"layer1.0.se.fc1": nn.Conv2d(8, 2, 1), "layer1.0.se.fc2": nn.Conv2d(2, 8, 1)}
    return convolutions(**inside)[1]


def deep_stem():
    stem = {"conv1.0": nn.Conv2d(3, 4, 3), "conv1.3": nn.Conv2d(4, 4, 3),
            "conv1.6": nn.Conv2d(4, 8, 3)}  # fmt: skip
    _, body = convolutions(**{"layer1.0.beside": nn.Conv2d(8, 8, 3)})
    body = {k: v for k, v in body.items() if not k.startswith("conv1.")}
    named = {f"{name}.{p}": v for name, m in stem.items() for p, v in m.state_dict().items()}
    return {**named, **body}


OTHERS = {
    "unknown": lambda: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)).state_dict(),
    "transformer": lambda: nn.TransformerEncoderLayer(16, 2, 32).state_dict(),
    "recurrent": lambda: nn.LSTM(8, 8).state_dict(),
    "se": se,
    "deep_stem": deep_stem,
    "vgg": lambda: nn.ModuleDict({
        "features": nn.Sequential(*map(nn.Conv2d, (3, 8, 8, 9), (8, 8, 9, 9), (3,) * 4)),
        "classifier": nn.Linear(9, 5),
    }).state_dict(),
}  # fmt: skip


@pytest.mark.parametrize("family", OTHERS)
def test_a_network_that_is_not_built_is_named_and_its_weights_are_checked(family, tmp_path):
    torch.save(OTHERS[family](), tmp_path / "w.pth")
    report = diagnose(tmp_path / "w.pth")
    assert report.identified.tier is Tier.WEIGHTS
    assert report.identified.family == family
    assert report.identified.kind is None
    assert report.layers
    assert "not_finite" in {finding.check for finding in report.findings}
    assert decode(type(report), json.loads(json.dumps(encode(report)))) == report
    for language in LANGUAGES:
        text = Text(language)
        assert verdict(report, text)
        assert facts(report, text)
        assert verdict(report, text) in diagnosis_page(report, text)


def test_what_is_wrong_with_unknown_weights_is_found_in_its_layer(tmp_path):
    weights = se()
    weights["layer1.1.conv2.weight"][3, 1, 1, 1] = math.nan
    weights["layer1.0.conv1.weight"][:6] = 0
    torch.save(weights, tmp_path / "w.pth")
    found = {f.check: f.layer for f in diagnose(tmp_path / "w.pth").findings
             if f.severity is Severity.FAIL}  # fmt: skip
    assert found["not_finite"] == "layer1.1.conv2"
    assert found["dead_filters"] == "layer1.0.conv1"


def test_a_tensor_too_many_inside_a_block_is_named(tmp_path):
    weights = {**build(SMALL, seed=0).state_dict(), "layer1.0.gain": torch.ones(8)}
    torch.save(weights, tmp_path / "w.pth")
    report = diagnose(tmp_path / "w.pth")
    assert report.identified.tier is Tier.WEIGHTS
    (nearly,) = [finding for finding in report.findings if finding.check == "nearly"]
    assert "layer1.0.gain" in nearly.advice(Text("en"))


def test_copies_spare_tensors_and_heads_are_notes(tmp_path):
    weights = build(SMALL, seed=0).state_dict()
    body = {key: value for key, value in weights.items() if not key.startswith("fc")}
    content = {"state_dict": {**body, "criterion.weight": torch.ones(3)}, "ema": body}
    torch.save(content, tmp_path / "w.pth")
    notes = {f.check: f for f in diagnose(tmp_path / "w.pth").findings
             if f.severity is Severity.NOTE}  # fmt: skip
    assert {"copies", "set_aside", "head_none"} <= notes.keys()
    assert "state_dict, ema" in notes["copies"].advice(Text("en"))
    assert all(note.advice(Text("zh")) != note.advice(Text("en")) for note in notes.values())
    chosen = diagnose(tmp_path / "w.pth", copy="ema")
    assert "set_aside" not in {finding.check for finding in chosen.findings}


def test_missing_statistics_fail_and_nothing_is_said_of_their_consistency(tmp_path):
    weights = build(SMALL, seed=0).state_dict()
    kept = {k: v for k, v in weights.items() if "running" not in k and "num_batches" not in k}
    torch.save(kept, tmp_path / "w.pth")
    checks = {f.check for f in diagnose(tmp_path / "w.pth").findings}
    assert "statistics_missing" in checks
    assert not {"bn_consistency", "bn_consistency_mean", "train_eval"} & checks
