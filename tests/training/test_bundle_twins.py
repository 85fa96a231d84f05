"""Twins are bundled from what ``train --out`` wrote; everything else follows from the files."""

import json

import pytest
import torch

from resnet_viz import Pair, build
from resnet_viz.checkpoints.load_file import load_checkpoint
from resnet_viz.checkpoints.reading.file_metadata import file_footing, file_metadata
from resnet_viz.checkpoints.save import save_checkpoint
from resnet_viz.core.converter import encode
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING
from resnet_viz.records import TWINS, Epoch, TrainingStep
from resnet_viz.training.job import STEPS_FILE
from resnet_viz.training.run_files import export_run, recording
from scripts import bundle_twins
from tests.training.made import BRIEF, SPEC, made

NAMES = Pair(SPEC.name, SPEC.plain().name)


@pytest.fixture
def run(tmp_path):
    """The folder of a finished training; nothing is trained."""
    folder = tmp_path / "run"
    folder.mkdir()
    training = {"data": "cifar10", "recipe": encode(BRIEF), "device": "cpu", "steps_per_epoch": 3,
                "augmentation": {"shift": 4, "flip": True}}  # fmt: skip
    for role, spec in TWINS.join(Pair(SPEC, SPEC.plain())):
        curve = [Epoch(role, n, 1.0, 0.5, 1.0, 0.25, 10.0, 0.1, (), {}, {}) for n in (1, 2)]
        save_checkpoint(folder / f"{role}.safetensors", build(spec, seed=0),
                        classes=["a", "b", "c", "d"], preprocessing=CIFAR_PREPROCESSING,
                        training=training, curve=curve)  # fmt: skip
    steps = [
        TrainingStep(
            role, step, 2.5, BRIEF.learning_rate_at(step / 6), {"conv1": 0.1}, {"conv1": 0.2}
        )
        for step in (0, 1, 3)
        for role in sorted(TWINS)
    ]
    lines = [json.dumps(encode(step)) + "\n" for step in steps]
    (folder / STEPS_FILE).write_text("".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def exported(run, tmp_path):
    export_run(run, tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def assets(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle_twins, "PRESETS", {*NAMES})
    for name in ("checkpoints", "recordings"):
        (tmp_path / "assets" / name).mkdir(parents=True)
    return tmp_path / "assets"


def test_the_exported_files_say_all_that_the_recording_of_a_run_says(run, exported):
    assert recording(exported) == recording(run)


def test_twins_are_bundled_with_what_they_reach(exported, assets):
    bundle_twins.bundle(exported, assets, made())
    for name in NAMES:
        path = assets / "checkpoints" / f"{name}.safetensors"
        footing = file_metadata(path)["footing"]
        assert {"data", "epochs", "recipe", "seed", "precision", "device"} <= footing.keys()
        assert footing["test_images"] == 16
        assert footing["float16_costs_points"] < 0.1
        assert footing["weights"] == "float16"
        wrong = 16 * (1 - file_footing(path).accuracy)
        assert wrong == pytest.approx(round(wrong))
        assert load_checkpoint(path).network.fc.weight.dtype is torch.float32
    assert json.loads((assets / "recordings" / f"{NAMES.first}.json").read_text()) == recording(
        exported
    )


def test_weights_whose_accuracy_suffers_stay_in_single_precision(exported, assets, monkeypatch):
    monkeypatch.setattr(bundle_twins, "_error_with", lambda *_: 1.0)
    pair = bundle_twins.bundle(exported, assets, made())
    assert pair.first.metadata["footing"]["weights"] == "float32"
    assert all(t.dtype is not torch.float16 for t in pair.first.tensors.values())


def test_a_bundle_that_grows_too_large_is_refused_before_anything_is_written(
    exported, assets, monkeypatch
):
    monkeypatch.setattr(bundle_twins, "_MOST_BYTES", 1000)
    with pytest.raises(SystemExit, match="MB"):
        bundle_twins.bundle(exported, assets, made())
    assert not [path for path in assets.rglob("*") if path.is_file()]
