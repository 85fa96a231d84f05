"""The command ``train``: one line per epoch, resumed runs, exported files."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from resnet_viz.checkpoints.load_file import load_checkpoint
from resnet_viz.cli import main
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.training.all_twins import Twins, train_all_twins
from tests.source import ROOT

SMALL = ["--data", "digits", "--recipe", "class-demo", "--json"]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_VIZ_HOME", str(tmp_path / "home"))


def command(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["resnet-viz", "train", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code or 0, *capsys.readouterr()


def test_a_pair_prints_one_line_an_epoch_and_leaves_files(tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    code, printed, told = command(
        monkeypatch, capsys, *SMALL, "--epochs", "2", "--out", str(out),
        "--tensorboard", str(tmp_path / "tb"),
    )  # fmt: skip
    assert code == 0, told
    lines = [json.loads(line) for line in printed.splitlines()]
    assert [(row["kind"], row["epoch"]) for row in lines] == [
        ("residual", 1), ("plain", 1), ("residual", 2), ("plain", 2)
    ]  # fmt: skip
    assert set(lines[0]) == {"run", "kind", "epoch", "train_loss", "train_error", "test_loss",
                             "test_error", "images_per_second"}  # fmt: skip
    assert {p.name for p in out.iterdir()} == {
        "residual.safetensors", "plain.safetensors", "curve.csv", "steps.csv", "recipe.json"
    }  # fmt: skip
    loaded = load_checkpoint(out / "plain.safetensors")
    assert loaded.network.spec.depth == 20
    assert loaded.training["curve"][-1]["test_error"] == lines[-1]["test_error"]
    assert len((out / "curve.csv").read_text().splitlines()) == 5
    assert RunStore().run(lines[0]["run"]).state is JobState.DONE
    assert {p.name for p in (tmp_path / "tb").iterdir()} == {"residual", "plain"}


def test_one_network_alone(monkeypatch, capsys):
    code, printed, _ = command(
        monkeypatch, capsys, *SMALL, "--single", "--network", "plain20", "--epochs", "1"
    )
    (row,) = (json.loads(line) for line in printed.splitlines())
    assert (code, row["kind"]) == (0, "plain")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--network", "resnet21"], "no network called"),
        (["--recipe", "secret"], "secret"),
        (["--epochs", "0"], "epochs"),
        (["--precision", "fp4"], "precision"),
        (["--data", "/no/such/folder"], "no data set"),
        (["--resume", "20200101-000000-abcd"], "no run"),
        (["--start", "pretrained"], "pair cannot start"),
        (["--start", "no.pth", "--single"], "no weights file"),
        (["--freeze", "layer9"], "layer9"),
        (["--out", "."], "already exists"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_is_one_sentence(monkeypatch, capsys, arguments, sentence):
    code, printed, told = command(monkeypatch, capsys, *SMALL, *arguments)
    assert code in (1, 2)
    assert printed == ""
    assert sentence in told
    assert "Traceback" not in told
    assert len(told.strip().splitlines()) == 1


def test_ctrl_c_leaves_a_run_that_can_be_resumed(monkeypatch, capsys):
    process = subprocess.Popen(
        [sys.executable, "-m", "resnet_viz", "train", *SMALL, "--epochs", "3"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ},
    )  # fmt: skip
    first = json.loads(process.stdout.readline())
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert first["run"] in told.decode()
    assert b"Traceback" not in told
    assert RunStore().run(first["run"]).state is JobState.STOPPED
    code, printed, _ = command(monkeypatch, capsys, "--json", "--resume", first["run"])
    assert code == 0
    rows = [json.loads(line) for line in printed.splitlines()]
    assert rows[-1]["epoch"] == 3
    assert {row["run"] for row in rows} == {first["run"]}


def test_fine_tuning_keeps_frozen_stages_and_replaces_the_head(tmp_path, monkeypatch, capsys):
    from resnet_viz.checkpoints.load import load
    from resnet_viz.checkpoints.ref import NetworkRef
    from resnet_viz.checkpoints.sources.bundled import bundled_names

    if "resnet20" not in bundled_names():
        pytest.skip("no bundled twins in assets/checkpoints")
    out = tmp_path / "out"
    code, _, told = command(
        monkeypatch, capsys, "--data", "digits", "--recipe", "fine-tune", "--epochs", "1",
        "--start", "bundled", "--freeze", "stem,layer1", "--single", "--out", str(out), "--json",
    )  # fmt: skip
    assert code == 0, told
    tuned = load_checkpoint(out / "residual.safetensors")
    before, after = (
        load(NetworkRef.parse("resnet20")).network.state_dict(),
        tuned.network.state_dict(),
    )
    for name in after:
        same = before[name].equal(after[name])
        frozen = name.startswith(("conv1", "bn1", "layer1."))
        assert same == frozen or name.endswith("num_batches_tracked"), name
    changes = tuned.training["curve"][-1]["weight_changes"]
    assert "conv1" not in changes
    assert all(change > 0 for change in changes.values())
    assert tuned.preprocessing.mean == load(NetworkRef.parse("resnet20")).preprocessing.mean


def test_all_twins_go_on_where_they_were_and_bundle_what_is_finished(tmp_path):
    table = (Twins("20", "digits", 0, half=True), Twins("20", "digits", 1, warm_up=0.5))
    epochs = list(train_all_twins(tmp_path, device="cpu", epochs=1, table=table[:1]))
    assert [epoch.kind for _, epoch in epochs] == ["residual", "plain"]
    assert {p.name for p in tmp_path.glob("*.safetensors")} == {
        "resnet20-digits.safetensors", "plain20-digits.safetensors"
    }  # fmt: skip
    recorded = json.loads((tmp_path / "20-digits-seed0" / "recording.json").read_text())
    assert {s["step"] for s in recorded["steps"]} == {0, 1, 10}
    assert recorded["curves"]["plain"][0]["epoch"] == 1
    again = list(train_all_twins(tmp_path, device="cpu", epochs=1, table=table))
    assert {run for run, _ in again} == {"20-digits-seed1"}
