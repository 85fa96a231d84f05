"""What right answers, unlike pictures and other numbers of classes do to a judgement."""

import math
from dataclasses import replace

import pytest
import torch

from resnet_viz import NetworkRef, diagnose, load
from resnet_viz.core.places import ASSETS
from resnet_viz.core.text import LANGUAGES, Text
from resnet_viz.diagnosis.answers import Answers
from resnet_viz.diagnosis.causes import chained
from resnet_viz.diagnosis.checks.label_checks import labelled, labelled_findings
from resnet_viz.diagnosis.diagnose import identified
from resnet_viz.diagnosis.judgement import Evidence, judged
from resnet_viz.diagnosis.own_normalisation import suited
from resnet_viz.diagnosis.thresholds import graded
from resnet_viz.diagnosis.user_images import OwnImages
from resnet_viz.records import Severity

CLASSES = tuple("abcdefghij")


@pytest.fixture(scope="module")
def twins():
    names = {"residual": "resnet20", "plain": "plain20"}
    return {kind: identified(ASSETS / "checkpoints" / f"{name}.safetensors")
            for kind, name in names.items()}  # fmt: skip


def evidence(right=None, *, own=False, alike=True):
    known = None if right is None else Answers(100, right, right, right, tuple(range(10)), 0.9)
    return Evidence(known, own, alike)


def test_one_layer_does_not_outweigh_right_answers(twins):
    found = [graded("bn_consistency", 5.0, "layer2.0.bn1"), graded("not_finite", 1.0, "conv1")]
    weighed = {
        right: [f.severity for f in judged(found, twins["residual"], evidence(right))]
        for right in (0.9, 0.3)
    }
    assert weighed == {
        0.9: [Severity.WARN, Severity.FAIL], 0.3: [Severity.FAIL, Severity.FAIL],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "layer", "check"),
    [
        ("residual", "layer3.1.relu1", "dead_branch"),
        ("residual", "layer3.1.relu", "dead_units"),  # after the addition
        ("plain", "layer3.1.relu1", "dead_units"),
    ],
)
def test_a_dead_branch_is_the_identity_and_a_note(kind, layer, check, twins):
    dead = graded("dead_units", 0.94, layer)
    (found,) = judged([dead], twins[kind], evidence())
    assert found.check == check
    assert (found.severity is Severity.NOTE) == (check == "dead_branch")
    assert "layer3.1" in found.advice(Text("en"))


def test_what_only_likeness_to_photographs_shows_is_not_judged_without_it(twins):
    found = [
        graded("preprocessing", 2.5, case="none", name="cifar", best="cifar", fit="2.50"),
        graded("class_order", 0.0),
        graded("bn_consistency_mean", 1.1, case="everywhere"),
    ]
    weighed = {f.check: f for f in judged(found, twins["residual"], evidence(alike=False))}
    assert set(weighed) == {"bn_consistency_mean", "photographs"}
    assert weighed["bn_consistency_mean"].severity is Severity.WARN
    own = judged(found, twins["residual"], evidence(own=True, alike=False))
    assert [f.severity for f in own] == [f.severity for f in found]


def test_grey_networks_and_few_classes_ask_for_the_users_pictures(tmp_path):
    weights = load(NetworkRef.parse("resnet20")).network.state_dict()
    weights["conv1.weight"] = weights["conv1.weight"].sum(1, keepdim=True)
    torch.save(weights, tmp_path / "grey.pth")
    report = diagnose(tmp_path / "grey.pth")
    (note,) = [f for f in report.findings if f.check == "photographs"]
    assert all("--images" in note.advice(Text(language)) for language in LANGUAGES)
    assert not {"preprocessing", "class_order", "input_size"} & {f.check for f in report.findings}
    assert not report.count(Severity.FAIL)


def test_labels_shifted_by_one_are_not_a_lack_of_images():
    labels = torch.arange(200) % 10
    logits = 9.0 * torch.eye(10)[(labels + 1) % 10]
    measured = labelled(logits, labels, CLASSES)
    findings = chained(labelled_findings(replace(measured, suspected=200)), ())
    first = findings[0]
    assert (first.check, first.case, dict(first.words)["shift"]) == ("label_order", "shifted", "+1")
    folded = {f.check for f in first.consequences}
    assert {"calibration", "wrong_labels", "confused_pair"} <= folded
    assert [f.check for f in findings if f.severity is Severity.FAIL] == ["label_order"]


def test_folders_in_the_order_of_text_are_named():
    folders = tuple(sorted(map(str, range(1, 11))))
    labels = torch.arange(200) % 10
    answers = torch.tensor([int(name) - 1 for name in folders])[labels]
    measured = labelled(9.0 * torch.eye(10)[answers], labels, CLASSES)
    first = chained(labelled_findings(measured, folders), ())[0]
    assert (first.check, first.case) == ("label_order", "numeric")


@pytest.mark.parametrize(
    ("outputs", "offset", "matched", "case"),
    [(11, 1, True, "background"), (12, 0, True, "more"), (11, 0, False, "unmatched"),
     (8, 0, False, "fewer")],
)  # fmt: skip
def test_other_numbers_of_outputs_are_said(outputs, offset, matched, case, twins):
    labels = torch.zeros(4, dtype=torch.long) if matched else None
    pixels = torch.zeros(4, 3, 32, 32, dtype=torch.uint8)
    images = OwnImages("x", pixels, labels, twins["residual"].preprocessing, CLASSES, outputs,
                       offset)  # fmt: skip
    (found,) = images.findings()
    assert (found.severity, found.case) == (Severity.WARN, case)
    assert all(str(outputs) in found.advice(Text(language)) for language in LANGUAGES)


def test_own_pictures_decide_how_they_are_normalised(twins):
    """Pictures of another kind: dark, of little contrast, and a first layer measured on them."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 60, (16, 3, 32, 32), generator=generator).to(torch.uint8)
    known = replace(twins["residual"], normalisation="cifar")
    norm = known.network.get_submodule("bn1")
    before = norm.running_mean.clone(), norm.running_var.clone()
    own = OwnImages("dark", pixels, None, known.preprocessing)
    deviation = float(pixels.float().std()) / 255
    batch = (pixels.float() / 255 - float(pixels.float().mean()) / 255) / deviation
    try:
        with torch.no_grad():
            values = known.network.get_submodule("conv1")(batch)
        norm.running_mean.copy_(values.mean((0, 2, 3)))
        norm.running_var.copy_(values.var((0, 2, 3)))
        judged_by, images = suited(own, known)
    finally:
        norm.running_mean.copy_(before[0])
        norm.running_var.copy_(before[1])
    assert judged_by.normalisation == "own"
    assert images.preprocessing.deviation == pytest.approx((deviation,) * 3, rel=0.05)
    assert math.isclose(min(judged_by.input_scores.values()), judged_by.input_scores["own"])
