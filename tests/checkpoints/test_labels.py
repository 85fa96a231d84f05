"""What labelled pictures say, against figures worked out by hand."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from resnet_viz import diagnose
from resnet_viz.diagnosis.labels import labelled
from resnet_viz.errors import DataError
from resnet_viz.places import ASSETS
from resnet_viz.samples import samples

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
    assert json.dumps(report.to_dict())


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
