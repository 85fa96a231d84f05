"""The command ``train``: one line per epoch, resumed runs, exported files."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from resnet_viz.checkpoints.load_file import load_checkpoint
from resnet_viz.cli import main
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.training.recipe import RECIPES
from tests.source import ROOT

SMALL = ["--data", "digits", "--recipe", "class-demo", "--json"]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_VIZ_HOME", str(tmp_path / "home"))


@pytest.fixture
def few(monkeypatch):
    """Recipes on few images, in this process."""
    for name, recipe in RECIPES.items():
        monkeypatch.setitem(RECIPES, name, replace(recipe, images=256, test_images=100))


def command(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["resnet-viz", "train", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code or 0, *capsys.readouterr()


def test_a_pair_prints_one_line_an_epoch_and_leaves_files(few, tmp_path, monkeypatch, capsys):
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


def test_one_network_alone(few, monkeypatch, capsys):
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
    assert json.loads(printed)["error"]["exit_code"] == code
    assert sentence in told
    assert "Traceback" not in told
    assert len(told.strip().splitlines()) == 1


@pytest.mark.slow
def test_ctrl_c_leaves_a_run_that_can_be_resumed(monkeypatch, capsys):
    # Tests started in the background ignore Ctrl-C, and what they start would inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "resnet_viz", "train", *SMALL, "--epochs", "3"],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ},
        )  # fmt: skip
    finally:
        signal.signal(signal.SIGINT, before)
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


def test_fine_tuning_keeps_frozen_stages_and_replaces_the_head(few, tmp_path, monkeypatch, capsys):
    from resnet_viz.checkpoints.load import load
    from resnet_viz.checkpoints.ref import NetworkRef
    from resnet_viz.checkpoints.sources.bundled_files import bundled_names

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


@pytest.fixture
def few_digits(monkeypatch):
    """Digits, but only as many as a few steps need."""
    from resnet_viz.datasets.load_dataset import load_dataset
    from resnet_viz.training import all_twins

    few = load_dataset("digits").subset(200, 20, 0)
    monkeypatch.setattr(all_twins, "load_dataset", lambda name: few)
    return few


TWINS = ["--all-twins", "--data", "digits", "--depths", "20", "--json", "--device", "cpu"]


def test_all_twins_stop_when_asked_and_go_on(tmp_path, monkeypatch, capsys, few_digits):
    from resnet_viz.cli import train_all_twins

    options = [*TWINS, "--seeds", "0,1", "--epochs", "2", "--out", str(tmp_path)]
    print_line = train_all_twins.print_result

    def print_and_ask_to_stop(*values, **options):
        print_line(*values, **options)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(train_all_twins, "print_result", print_and_ask_to_stop)
    code, printed, told = command(monkeypatch, capsys, *options)
    assert (code, len(printed.splitlines())) == (130, 1)
    assert "repeat the command to resume" in told
    monkeypatch.setattr(train_all_twins, "print_result", print_line)
    monkeypatch.setattr("resnet_viz.training.all_twins.Fleet._is_late", lambda *_: True)
    code, printed, told = command(monkeypatch, capsys, *options, "--minutes", "1")
    assert (code, printed) == (0, "")
    assert "repeat the command to resume" in told
    monkeypatch.undo()
    monkeypatch.setattr("resnet_viz.training.all_twins.load_dataset", lambda name: few_digits)
    code, printed, _ = command(monkeypatch, capsys, *options)
    lines = [json.loads(line) for line in printed.splitlines()]
    assert code == 0
    assert {(row["run"], row["kind"], row["epoch"]) for row in lines} == {
        (f"resnet20-digits-seed{seed}", kind, 2)
        for seed in (0, 1)
        for kind in ("residual", "plain")
    }
    recipe = load_checkpoint(tmp_path / "resnet20-digits-seed1" / "plain.safetensors").training
    assert recipe["training"]["recipe"]["schedule"] == "steps"  # as published
    assert [row["epoch"] for row in recipe["curve"]] == [1, 2]
    assert command(monkeypatch, capsys, *options)[1] == ""
    code, _, told = command(monkeypatch, capsys, *options, "--recipe", "short")
    assert (code, told.count("\n")) == (2, 1)
    assert "Another training" in told


def test_the_proof_of_all_twins_is_one_record(monkeypatch, capsys, few_digits):
    code, printed, _ = command(monkeypatch, capsys, *TWINS, "--prove", "--precision", "bf16")
    proof = json.loads(printed)
    assert (code, proof["holds"], proof["networks"]) == (0, True, 2)
    assert proof["images_per_second"] > 0


@pytest.mark.parametrize("option", [["--depths", "21"], ["--depths", "x"], ["--seeds", "1,b"]])
def test_unknown_twins_are_one_sentence(monkeypatch, capsys, option):
    code, printed, told = command(monkeypatch, capsys, *TWINS, *option)
    assert (code, told.count("\n")) == (2, 1)
    assert json.loads(printed)["error"]["code"] == "option_unknown"
