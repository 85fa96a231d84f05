"""Results on labelled pictures against values computed by hand."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from resnet_viz import CheckpointReport, diagnose
from resnet_viz.core.converter import decode, encode
from resnet_viz.core.errors import DataError
from resnet_viz.core.places import ASSETS
from resnet_viz.core.text import Text
from resnet_viz.diagnosis.checks.label_checks import labelled
from resnet_viz.diagnosis.checks.mislabelled import suspected, thresholds
from resnet_viz.diagnosis.checks.robustness import CHANGES, STRENGTHS, robustness
from resnet_viz.pictures.samples import samples
from resnet_viz.report.diagnosis_report import diagnosis_page

RESNET20 = ASSETS / "checkpoints" / "resnet20.safetensors"


def test_accuracy_recall_and_confusion_are_counted():
    logits = torch.tensor([[2.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 0.0]])
    found = labelled(logits, torch.tensor([0, 0, 1, 1]), ("a", "b"))
    assert found.accuracy == 0.75
    assert found.recall == (1.0, 0.5)
    assert found.confusion == ((2, 0), (1, 1))
    sure = float(torch.tensor([2.0, 0.0]).softmax(0)[0])
    assert found.calibration_error == pytest.approx(sure - 0.75, abs=1e-6)


def test_temperature_repairs_a_scaled_network():
    """Answers are drawn from the softmax itself; three times those logits are too sure."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4000, 5, generator=generator)
    labels = torch.multinomial(logits.softmax(1), 1, generator=generator).squeeze(1)
    found = labelled(3 * logits, labels, tuple("abcde"))
    assert found.temperature == pytest.approx(3, rel=0.1)
    assert found.calibration_error > 0.15
    assert found.calibration_error_scaled < 0.03


@pytest.mark.parametrize("scale", [1e-4, 0.01, 100, 1e4])
def test_a_temperature_far_from_one_is_found(scale):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2000, 3, generator=generator)
    labels = torch.multinomial(logits.softmax(1), 1, generator=generator).squeeze(1)
    found = labelled(scale * logits, labels, tuple("abc"))
    assert found.temperature == pytest.approx(scale, rel=0.1)


def test_answers_that_are_all_right_have_a_finite_temperature():
    found = labelled(torch.eye(3), torch.arange(3), tuple("abc"))
    assert 0 < found.temperature < 0.1
    assert found.calibration_error_scaled < 1e-3


def test_confident_learning_by_hand():
    """Class 0 is sure of itself on average by 0.8, class 1 by 0.6; the third image is no 1."""
    shares = torch.tensor([[0.9, 0.1], [0.7, 0.3], [0.85, 0.15], [0.2, 0.8], [0.15, 0.85]])
    labels = torch.tensor([0, 0, 1, 1, 1])
    assert thresholds(shares, labels).tolist() == pytest.approx([0.8, 0.6])
    numbers, seeming = suspected(shares.log(), labels)
    assert (numbers.tolist(), seeming.tolist()) == ([2], [0])


def test_flipped_labels_are_found_and_ranked_first():
    generator = torch.Generator().manual_seed(0)
    truth = torch.randint(10, (2000,), generator=generator)
    logits = torch.randn(2000, 10, generator=generator) + 8 * torch.eye(10)[truth]
    flipped = torch.randperm(2000, generator=generator)[:100]
    labels = truth.clone()
    labels[flipped] = (labels[flipped] + 3) % 10
    numbers, seeming = suspected(logits, labels)
    found = set(numbers.tolist()) & set(flipped.tolist())
    assert len(found) >= 90
    assert set(numbers[:50].tolist()) <= set(flipped.tolist())
    assert (seeming[:50] == truth[numbers[:50]]).all()


def test_a_class_without_labels_suspects_nobody():
    logits = torch.tensor([[0.0, 0.0, 9.0], [9.0, 0.0, 0.0]])
    assert len(suspected(logits, torch.tensor([0, 0]))[0]) == 0


@pytest.mark.parametrize("channels", [1, 3])
def test_changes_keep_shape_and_are_repeatable(channels):
    pixels = torch.randint(
        0, 256, (5, channels, 16, 16), generator=torch.Generator().manual_seed(1)
    )
    pixels = pixels.to(torch.uint8)
    before = pixels.clone()
    for change, strengths in STRENGTHS.items():
        once, again = (CHANGES[change](pixels, strengths[1]) for _ in range(2))
        assert once.shape == pixels.shape
        assert once.dtype == torch.uint8
        assert torch.equal(once, again)
        assert not torch.equal(once, pixels)
    assert torch.equal(pixels, before)


def test_a_shift_moves_by_whole_pixels_and_a_blur_keeps_the_mean():
    ramp = torch.arange(32, dtype=torch.uint8).expand(4, 3, 32, 32).contiguous()
    moved = CHANGES["shift"](ramp, 2)
    assert torch.equal(moved[0, :, :, 2:], ramp[0, :, :, :-2])
    assert torch.equal(moved[1], ramp[1])  # up or down: columns are alike
    point = torch.zeros(1, 1, 33, 33, dtype=torch.uint8)
    point[0, 0, 16, 16] = 255
    assert int(CHANGES["blur"](point, 1.0).sum()) == pytest.approx(255, abs=13)


def test_robustness_reports_the_unchanged_first():
    pixels = torch.full((4, 3, 8, 8), 100, dtype=torch.uint8)
    rows = list(
        robustness(pixels, lambda seen: float((seen == 100).all(3).all(2).all(1).float().mean()))
    )
    assert [row.change for _, row in rows][:3] == ["none", "shift", "shift"]
    assert rows[-1][0] == 1
    by_change = {(row.change, row.strength): row.accuracy for _, row in rows}
    assert by_change["none", 0] == by_change["shift", 2] == by_change["blur", 1] == 1
    assert by_change["noise", 8] == 0


def pictures(folder, names):
    for name in names:
        label = samples()[name].label
        place = folder / label if label else folder
        place.mkdir(parents=True, exist_ok=True)
        data = (ASSETS / "samples" / samples()[name].file).read_bytes()
        (place / f"{name}.jpg").write_bytes(data)
        (place / f"{name}2.jpg").write_bytes(data)


def test_a_folder_of_classes_gives_labels(tmp_path):
    pictures(tmp_path / "own", [name for name, sample in samples().items() if sample.label])
    report = diagnose(RESNET20, images=tmp_path / "own")
    assert report.labelled is not None
    assert report.labelled.images == 14
    assert report.labelled.accuracy > 0.8
    assert {"accuracy", "label_order"} <= {finding.check for finding in report.findings}
    told = json.dumps(encode(report))  # a recall of no images is NaN, which equals nothing
    assert json.dumps(encode(decode(CheckpointReport, json.loads(told)))) == told
    measured = report.labelled
    assert measured.cam_layer == "layer3.2"
    assert np.array(measured.losses[0].cam).shape == (8, 8)
    assert [image.loss for image in measured.losses] == sorted(
        (image.loss for image in measured.losses), reverse=True
    )
    assert len(measured.robustness) == 9
    told = report.contract(Text("en"))["labelled"]
    assert "picture" not in told["losses"][0]
    page = diagnosis_page(report, Text("zh"))
    assert page.count("<figure>") == len(measured.losses)
    assert page.count("Plotly.newPlot") >= 4


def test_a_folder_of_pictures_has_none(tmp_path):
    for number in range(3):
        pixels = np.full((40, 40, 3), 80 * number, np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    report = diagnose(RESNET20, images=tmp_path)
    assert report.labelled is None
    assert report.images == tmp_path.name


@pytest.mark.parametrize("place", ["no-such-place", "empty"])
def test_no_pictures_are_one_sentence(place, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError):
        diagnose(RESNET20, images=tmp_path / place)
