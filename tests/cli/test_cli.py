"""The command line: the JSON that programs rely on, and one sentence per error."""

import io
import json
import os
import subprocess
import sys
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.cli import app as typer_app
from resnet_viz.cli import main
from resnet_viz.core.errors import ImageError
from resnet_viz.core.text import Text
from resnet_viz.networks.zoo.catalog import ZOO
from resnet_viz.pictures.samples import samples
from resnet_viz.report.comparison_folder import report_archive
from resnet_viz.spec import PRESETS
from tests.source import ROOT

SAMPLE = ROOT / "assets" / "samples" / next(iter(samples().values())).file


@dataclass(frozen=True)
class Done:
    """What a command printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments):
    """A command in this process; starting another costs seconds."""
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["resnet-viz", *map(str, arguments)]
    try:
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as stopped:
            main()
    finally:
        sys.argv = before
    return Done(int(stopped.value.code or 0), out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    out = tmp_path_factory.mktemp("compare") / "report"
    done = run("compare", SAMPLE, "--network", "resnet20", "--weights", "random",
               "--out", out, "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out, json.loads(done.stdout)


@pytest.mark.parametrize(
    "arguments",
    [
        ("app", "--port", "99999"),
        ("app", "--port", "-1"),
        ("explain", "digits", "--count", "0"),
        ("explain", "digits", "--count", "-1"),
        ("gradients", "--seeds", "0"),
        ("export", "--out", "x" * 300),
        ("train", "--out", "x" * 300, "--recipe", "no such recipe"),
    ],
    ids=" ".join,
)
def test_numbers_and_names_out_of_bounds_are_wrong_input(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_named_pipe_is_no_picture(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    done = run("compare", tmp_path / "a.png", "--out", tmp_path / "report")
    assert done.returncode == 2
    assert "a.png" in done.stderr


def test_networks_lists_every_preset_and_the_catalog():
    rows = json.loads(run("networks", "--json").stdout)
    assert [row["name"] for row in rows] == [*PRESETS, *ZOO]
    assert {tuple(row) for row in rows} == {tuple(rows[0])}
    resnet50 = next(row for row in rows if row["name"] == "resnet50")
    assert resnet50 == {
        "name": "resnet50",
        "family": "imagenet",
        "depth": 50,
        "parameters": 25_557_032,
        "macs": 4_089_184_256,
        "input_size": 224,
    }


def test_compare_prints_the_contract(compared):
    _, found = compared
    for kind in ("residual", "plain"):
        side = found[kind]
        assert side["network"] == {"residual": "resnet20", "plain": "plain20"}[kind]
        assert side["weights"] == "random"
        assert len(side["predictions"]) == 5
        assert set(side["predictions"][0]) == {"label", "probability"}
        names = [layer["name"] for layer in side["layers"]]
        assert names[:4] == ["conv1", "layer1.0.conv1", "layer1.0.conv2", "layer1.0"]
        assert names[-1] == "fc"
        assert len(names) == 19 + 9 + 1
        block = side["layers"][3]
        assert block["shape"] == [16, 32, 32]
        assert block["weight_gradient_norm"] is None
        assert block["activation_gradient_norm"] > 0
        assert side["layers"][-1]["cam_max"] is None


def test_compare_writes_every_file(compared):
    out, found = compared
    names = {path.name for path in out.iterdir()}
    assert {"report.json", "layers.csv", "predictions.csv", "report.html"} <= names
    assert {f"{what}_{kind}.png" for what in ("overlay", "features", "all_blocks")
            for kind in ("residual", "plain")} <= names  # fmt: skip
    written = json.loads((out / "report.json").read_text())
    assert written["residual"] == found["residual"]


def test_report_is_one_file_that_needs_nothing_else(compared):
    html = (compared[0] / "report.html").read_text()
    assert "Plotly.newPlot" in html
    assert 'src="http' not in html
    assert "<link" not in html


def test_a_plain_network_can_be_compared_with_another(tmp_path):
    done = run("compare", SAMPLE, "--network", "plain20", "--beside", "resnet20",
               "--out", tmp_path / "report", "--json")  # fmt: skip
    printed = json.loads(done.stdout)
    assert [printed[side]["network"] for side in ("first", "second")] == ["plain20", "resnet20"]


def test_compare_never_overwrites(compared):
    done = run("compare", SAMPLE, "--weights", "random", "--out", compared[0])
    assert done.returncode == 2
    assert "already exists" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "no-such.jpg", "--out", "x"),
        ("compare", __file__, "--out", "x"),
        ("compare", SAMPLE, "--network", "resnet9", "--out", "x"),
        ("compare", SAMPLE, "--network", "resnet110", "--weights", "bundled", "--out", "x"),
        ("compare", SAMPLE, "--weights", "no-such.pt", "--out", "x"),
        ("compare", SAMPLE, "--target", "10", "--out", "x"),
        ("compare", SAMPLE, "--layer", "layer9", "--out", "x"),
        ("compare", SAMPLE, "--score", "accuracy", "--out", "x"),
        ("compare", SAMPLE, "--device", "tpu", "--out", "x"),
        ("compare", SAMPLE, "--language", "fr", "--out", "x"),
        ("compare", SAMPLE),
        ("compare", SAMPLE, "--nettwork", "resnet20"),
        ("train", "--recipe", "secret", "--out", "x.safetensors"),
        ("no-such-command",),
    ],
    ids=lambda arguments: " ".join(Path(str(a)).name for a in arguments[:5]),
)
def test_a_mistake_gets_one_sentence_and_exit_code_2(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.glob("x*"))


def test_debug_shows_where_an_error_came_from():
    with pytest.raises(ImageError, match=r"no-such\.jpg"):  # which Python prints with its trace
        typer_app(["compare", "no-such.jpg", "--out", "x", "--debug"], standalone_mode=False)


def test_doctor_says_what_is_missing_and_how_to_get_it():
    found = json.loads(run("doctor", "--json").stdout)
    assert found["devices"][-1] == "cpu"
    assert found["bundled_weights"] == bundled_names()
    assert all(sentence.endswith(".") for sentence in found["missing"])
    assert all(size >= 0 for size in found["home_megabytes"].values())


def test_archive_holds_the_same_files_as_the_folder(compared, comparison):
    data = report_archive(comparison, layer="layer1.0", text=Text("zh"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {path.name for path in compared[0].iterdir()}
        assert 'lang="zh"' in archive.read("report.html").decode()


def test_export_writes_what_runs_elsewhere(tmp_path):
    spec = tmp_path / "mine.json"
    spec.write_text(json.dumps({"depths": [1, 1], "widths": [4, 8], "order": "pre"}))
    arguments = ("--spec", spec, "--out", tmp_path / "out", "--json")
    done = run("export", *arguments)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["network"] == "residual-6"
    suffixes = {Path(file).suffix for file in found["files"]}
    assert {".py", ".json", ".safetensors"} <= suffixes
    source = next(file for file in found["files"] if file.endswith(".py"))
    alone = subprocess.run([sys.executable, "-I", source], capture_output=True, text=True,
                           check=True)  # fmt: skip
    assert alone.stdout.strip() == "torch.Size([1, 10])"


@pytest.mark.parametrize("content", ['{"depths": [-1], "widths": [4]}', "[" * 90_000, None])
def test_export_refuses_a_bad_spec_in_one_sentence(content, tmp_path):
    spec = tmp_path / "mine.json"
    if content is not None:
        spec.write_text(content)
    done = run("export", "--spec", spec, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
