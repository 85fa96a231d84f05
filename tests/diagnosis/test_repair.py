"""A repaired file holds the network that was found, and says what was done."""

import json
import stat

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from resnet_viz import load_checkpoint, repair
from resnet_viz.checkpoints.reading.file_metadata import file_metadata
from resnet_viz.cli import app
from resnet_viz.core.errors import OptionError, OutputError
from resnet_viz.core.text import LANGUAGES, Text
from resnet_viz.diagnosis import repair_file as repairing
from resnet_viz.diagnosis.diagnose import identified
from resnet_viz.diagnosis.job import DiagnosisConfig, WeightsFile, diagnosis_job
from resnet_viz.pictures.samples import sample_batch, sample_picture, samples
from resnet_viz.records import Repair, RepairKind
from tests.checkpoints.identifying.test_wild import weights
from tests.checkpoints.saved_files import assert_equal_weights, save
from tests.report.test_checkpoint_code import SMALL, STYLES, run

DONE = {
    "bare": set(),
    "wrapped": {"prefix"},
    "numbered": {"prefix", "renamed"},
    "two copies": {"copy"},
    "spare tensors": {"aside"},
    "masks": {"merged"},
    "lora": {"merged"},
    "no bias in the head": {"filled"},
    "a 1x1 head": {"renamed", "head"},
    "half": set(),
}


@pytest.fixture(scope="module")
def small():
    return weights(SMALL)


@pytest.mark.parametrize("style", DONE)
def test_the_repaired_file_is_the_network_that_was_found(style, small, tmp_path):
    path, out = tmp_path / "w.pt", tmp_path / "out.safetensors"
    torch.save(STYLES[style](small), path)
    before, expected = path.read_bytes(), identified(path)
    done = repair(path, out, spec=expected.spec)
    assert {step.kind.value for step in done.steps} == DONE[style] | {"described"}
    again = load_checkpoint(out)
    assert again.spec == expected.spec
    assert again.preprocessing == expected.preprocessing
    assert_equal_weights(again.network.state_dict(), expected.network.state_dict())
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [out, path]
    assert stat.S_IMODE(out.stat().st_mode) == 0o644
    assert done.tensors == len(load_file(out))
    for language in LANGUAGES:
        assert all(step.sentence(Text(language)) for step in done.steps)


def test_half_precision_stays_and_a_head_that_cannot_be_built_is_kept(small, tmp_path):
    torch.save(STYLES["half"](small), tmp_path / "half.pt")
    repair(tmp_path / "half.pt", tmp_path / "half.safetensors", spec=SMALL)
    assert load_file(tmp_path / "half.safetensors")["conv1.weight"].dtype is torch.float16
    body = STYLES["no head"](small)
    head = {"mlp.0.weight": torch.ones(5, 8), "mlp.0.bias": torch.ones(5),
            "mlp.2.weight": torch.ones(3, 5), "mlp.2.bias": torch.ones(3)}  # fmt: skip
    torch.save(body | head, tmp_path / "mlp.pt")
    repair(tmp_path / "mlp.pt", tmp_path / "mlp.safetensors")
    assert_equal_weights(load_file(tmp_path / "mlp.safetensors"), body | head)


def test_an_unknown_network_keeps_its_names_and_loses_what_is_beside(tmp_path):
    tensors = {f"model.layer.{i}.weight": torch.full((4, 4), float(i)) for i in range(9)}
    torch.save({"model": {**tensors, "criterion.weight": torch.ones(3)}}, tmp_path / "w.pt")
    done = repair(tmp_path / "w.pt", tmp_path / "out.safetensors")
    assert done.network is None
    assert_equal_weights(load_file(tmp_path / "out.safetensors"), tensors)
    assert [step.names for step in done.steps] == [("criterion.weight",)]


def test_statistics_are_measured_on_given_images(small, tmp_path):
    from PIL import Image

    path, out, images = tmp_path / "w.pt", tmp_path / "out.safetensors", tmp_path / "images"
    torch.save({k: v for k, v in small.state_dict().items() if "running" not in k}, path)
    done = repair(path, tmp_path / "photographs.safetensors", spec=SMALL)
    assert RepairKind.MEASURED in [step.kind for step in done.steps]
    images.mkdir()
    for name in samples():
        Image.fromarray(sample_picture(name).pixels).save(images / f"{name}.png")
    done = repair(path, out, images=images, spec=SMALL)
    (step,) = [step for step in done.steps if step.kind is RepairKind.RECALIBRATED]
    assert (step.count, step.names) == (len(samples()), ("images",))
    network = load_checkpoint(out).network
    batch = sample_batch(identified(out).preprocessing)[: len(samples())]
    at_stem = network.get_submodule("conv1")(batch)
    norm = network.get_submodule("bn1")
    assert torch.allclose(norm.running_mean, at_stem.mean((0, 2, 3)), atol=1e-5)
    assert torch.allclose(norm.running_var, at_stem.var((0, 2, 3)), rtol=1e-3)


def test_our_own_metadata_is_kept_until_the_weights_change(tmp_path):
    save(tmp_path / "own.safetensors")
    repair(tmp_path / "own.safetensors", tmp_path / "out.safetensors")
    before, after = (file_metadata(tmp_path / f"{n}.safetensors") for n in ("own", "out"))
    assert after.pop("repaired") == {"file": "own.safetensors", "steps": []}
    assert after == before


def test_nothing_is_overwritten_and_a_failure_leaves_nothing(small, tmp_path, monkeypatch):
    path, out = tmp_path / "w.safetensors", tmp_path / "out.safetensors"
    save(path)
    before = path.read_bytes()
    with pytest.raises(OutputError, match="is the file to repair"):
        repair(path, tmp_path / "." / "w.safetensors")
    (tmp_path / "link.safetensors").symlink_to(path)
    with pytest.raises(OutputError, match="not overwritten"):
        repair(path, tmp_path / "link.safetensors")
    (tmp_path / "other.safetensors").write_text("kept")
    with pytest.raises(OutputError, match="already exists"):
        repair(path, tmp_path / "other.safetensors")
    with pytest.raises(OptionError, match=r"end with \.safetensors"):
        repair(path, tmp_path / "out.pt")
    with pytest.raises(OutputError, match="cannot be written"):
        repair(path, tmp_path / "nowhere" / "out.safetensors")

    def full(partial, content):
        partial.touch()
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OutputError, match="cannot be written"):
        repair(path, out)
    assert not out.exists()
    assert not [p for p in tmp_path.iterdir() if "partial" in p.name]
    assert path.read_bytes() == before


def test_the_command_lists_what_was_done(small, tmp_path):
    path, out = tmp_path / "w.pt", tmp_path / "out.safetensors"
    torch.save(STYLES["two copies"](small), path)
    done = CliRunner().invoke(app, ["repair", str(path), "--out", str(out), "--json"])
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["steps"][0]["kind"] == "copy"
    assert found["steps"][0]["sentence"] == "One of 2 sets of weights was taken: state_dict."
    refused = CliRunner().invoke(app, ["repair", str(path), "--out", str(out)])
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1


def test_the_job_repairs_under_the_name_that_the_user_knows(tmp_path):
    save(tmp_path / "upload.safetensors")
    upload, out = (str(tmp_path / f"{name}.safetensors") for name in ("upload", "out"))
    config = DiagnosisConfig(WeightsFile(upload, "mine.pt"), out=out)
    *_, last = diagnosis_job(config)
    assert isinstance(last, Repair)
    assert last.file == "mine.pt"


def test_code_for_what_it_cannot_read_runs_on_the_repaired_file(small, tmp_path, monkeypatch):
    from resnet_viz.report.checkpoint_code import checkpoint_code

    path = tmp_path / "w.pt"
    torch.save({k: v for k, v in small.state_dict().items() if "running" not in k}, path)
    found = identified(path, SMALL)
    code = checkpoint_code(found, "w.pt")
    assert code.repaired
    repairing.repair(path, tmp_path / "repaired.safetensors", spec=SMALL)
    network = run(code, tmp_path, monkeypatch)["network"]
    x = sample_batch(found.preprocessing)[:2]
    assert torch.allclose(network(x), found.network(x), atol=1e-5)
