"""The command ``explain``: its JSON, its files, and one sentence per error."""

import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from resnet_viz.cli import app
from resnet_viz.core.places import ASSETS
from resnet_viz.jobs.queue import runs
from tests.explain.refusing import lrp_without_additions

PICTURE = str(ASSETS / "samples" / "automobile.jpg")
STATISTICS = {"shape", "minimum", "maximum", "mean", "positive", "zero"}


def run(*arguments):
    return CliRunner().invoke(app, ["explain", *arguments])


def explained(*arguments):
    done = run(PICTURE, "--network", "resnet20", "--json", *arguments)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_json_holds_statistics_and_scores_and_the_folder_the_same(tmp_path):
    out = tmp_path / "out"
    printed = explained("--method", "layer-cam", "--layer", "layer2.1", "--out", str(out))
    assert set(printed["map"]) == STATISTICS
    assert printed["map"]["shape"] == [16, 16]
    assert printed["layer"] == "layer2.1"
    assert len(printed["faithfulness"]) == 10
    assert printed["footing"]["data"] == "cifar10"
    assert 0 < printed["footing"]["test_error"] < 0.2
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert manifest["faithfulness"] == printed["faithfulness"]
    assert {p.name for p in out.iterdir()} == {
        "evidence.png", "film.png", "manifest.json", "map.npz", "overlay.png", "seen.png"
    }  # fmt: skip
    with np.load(out / "map.npz") as arrays:
        assert float(arrays["map"].max()) == pytest.approx(printed["map"]["maximum"])
        assert {n: list(v.shape) for n, v in arrays.items()} == manifest["arrays"]


def test_nothing_is_overwritten(tmp_path):
    done = run(PICTURE, "--out", str(tmp_path))
    assert done.exit_code == 2
    assert "already exists" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_is_explained_like_a_network():
    file = str(ASSETS / "checkpoints" / "plain20.safetensors")
    done = run(PICTURE, "--checkpoint", file, "--json", "--no-faithfulness")
    found = json.loads(done.stdout)
    assert found["network"] == "plain20"
    assert found["weights"] == "plain20.safetensors"
    assert found["faithfulness"] == {}


def test_options_and_two_classes():
    found = explained(
        "--method", "integrated-gradients", "--option", "steps=16",
        "--target", "1", "--against", "9", "--no-faithfulness",
    )  # fmt: skip
    assert found["options"]["steps"] == 16
    assert (found["target"], found["against"]) == (1, 9)
    assert found["completeness"]["difference"] != 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--method", "nonsense"],
        ["--layer", "layer9.9"],
        ["--layer", "layer9.9", "--method", "saliency"],
        ["--target", "10"],
        ["--target", "-1"],
        ["--target", "3", "--against", "3"],
        ["--option", "steps"],
        ["--option", "steps=4"],
        ["--network", "resnet21"],
        ["--checkpoint", "/nowhere.safetensors"],
        ["--device", "abacus"],
        ["--method", "saliency", "--fuse", "max"],
    ],
)
def test_bad_input_is_one_sentence(arguments, tmp_path):
    out = tmp_path / "out"
    done = run(PICTURE, "--out", str(out), *arguments)
    assert done.exit_code == 2
    assert re.fullmatch(r"[^\n]+\.\n", done.stderr)
    assert not out.exists()


def test_a_picture_that_is_none_is_one_sentence(tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n")
    done = run(str(broken))
    assert done.exit_code == 2
    assert "\n" not in done.stderr.strip()


def test_layers_are_fused_and_named(tmp_path):
    found = explained("--fuse", "max", "--layer", "layer1.2,layer3.2", "--no-faithfulness",
                      "--out", str(tmp_path / "out"))  # fmt: skip
    assert found["fused"]["layers"] == ["layer1.2", "layer3.2"]
    assert found["map"]["shape"] == [32, 32]
    assert found["map"]["maximum"] == pytest.approx(1)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))["fused"]


@pytest.fixture
def folder(tmp_path):
    """Two pictures, one of them where its class says, and a text."""
    made = tmp_path / "pictures"
    (made / "automobile").mkdir(parents=True)
    content = (ASSETS / "samples" / "automobile.jpg").read_bytes()
    (made / "automobile" / "one.jpg").write_bytes(content)
    (made / "two.jpg").write_bytes(content)
    (made / "notes.txt").write_text("no picture")
    return made


FOLDER = ("--network", "plain20", "--json", "--no-faithfulness")


def test_a_folder_is_a_table_and_a_broken_file_a_line_of_it(folder, tmp_path):
    out = tmp_path / "out"
    done = run(str(folder), "--network", "plain20", "--json", "--out", str(out))
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [row["name"] for row in found["images"]] == ["one.jpg", "two.jpg"]
    assert [row["right"] for row in found["images"]] == [True, None]
    assert [row["name"] for row in found["skipped"]] == ["notes.txt"]
    values = [row["deletion"] for row in found["images"]]
    assert found["mean"]["deletion"] == pytest.approx(sum(values) / 2)
    assert found["methods"][0]["pictures"] == 2
    assert {p.name for p in out.iterdir()} == {
        "table.csv", "methods.csv", "manifest.json", "0001", "0003"
    }  # fmt: skip
    assert (out / "0003" / "map.npz").is_file()
    assert not runs.listed()


def test_an_interrupted_folder_keeps_what_is_done_and_goes_on(folder, monkeypatch):
    from resnet_viz.explain.many import job

    explain_one = job.explain_picture_in_steps
    names = []

    def interrupted(loaded, picture, request):
        names.append(picture.name)
        if len(names) == 2:
            raise KeyboardInterrupt
        yield from explain_one(loaded, picture, request)

    monkeypatch.setattr(job, "explain_picture_in_steps", interrupted)
    done = run(str(folder), *FOLDER)
    assert done.exit_code == 130
    run_id = re.search(r"--resume ([^`]+)`", done.stderr).group(1)
    again = run("--resume", run_id, "--json")
    assert again.exit_code == 0, again.output
    assert [row["name"] for row in json.loads(again.stdout)["images"]] == ["one.jpg", "two.jpg"]
    assert names == ["one.jpg", "two.jpg", "two.jpg"]  # the first was not explained again


def test_a_method_that_refuses_is_one_sentence_for_the_folder_too(folder, monkeypatch):
    lrp_without_additions(monkeypatch)
    for pictures in (str(folder), PICTURE):
        done = run(pictures, "--network", "resnet20", "--method", "lrp")
        assert done.exit_code == 2
        assert re.fullmatch(r"[^\n]+\.\n", done.stderr)


@pytest.mark.parametrize("arguments", [[], ["--resume", "nothing"], [PICTURE, "--fuse", "sum"]])
def test_nothing_to_explain_is_one_sentence(arguments):
    done = run(*arguments)
    assert done.exit_code == 2
    assert re.fullmatch(r"[^\n]+\.\n", done.stderr)


def test_an_empty_folder_is_one_sentence(tmp_path):
    (tmp_path / "empty").mkdir()
    done = run(str(tmp_path / "empty"))
    assert done.exit_code == 2
    assert "contains no files" in done.stderr
