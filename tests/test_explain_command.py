"""The command ``explain``: its JSON, its files, and one sentence for what is wrong."""

import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from resnet_viz.cli import app
from resnet_viz.places import ASSETS

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
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert manifest["faithfulness"] == printed["faithfulness"]
    assert {p.name for p in out.iterdir()} == {
        "manifest.json", "map.npz", "overlay.png", "seen.png"
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
        ["--method", "lrp", "--network", "resnet20"],
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


def test_a_folder_is_a_table_and_a_broken_file_a_line_of_it(tmp_path):
    folder, out = tmp_path / "pictures", tmp_path / "out"
    folder.mkdir()
    for name in ("automobile.jpg", "cat.jpg"):
        source = next((ASSETS / "samples").glob(name), ASSETS / "samples" / "automobile.jpg")
        (folder / name).write_bytes(source.read_bytes())
    (folder / "notes.txt").write_text("no picture")
    done = run(str(folder), "--network", "plain20", "--json", "--out", str(out))
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [row["name"] for row in found["images"]] == ["automobile.jpg", "cat.jpg"]
    assert [row["name"] for row in found["skipped"]] == ["notes.txt"]
    values = [row["deletion"] for row in found["images"]]
    assert found["mean"]["deletion"] == pytest.approx(sum(values) / 2)
    assert {p.name for p in out.iterdir()} == {"table.csv", "manifest.json", "0001", "0002"}
    assert (out / "0002" / "map.npz").is_file()


def test_an_empty_folder_is_one_sentence(tmp_path):
    done = run(str(tmp_path))
    assert done.exit_code == 2
    assert "holds no files" in done.stderr
