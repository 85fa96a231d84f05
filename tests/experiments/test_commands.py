"""The commands ``gradients`` and ``experiment``: the JSON that programs rely on, and errors."""

import json
import sys

import pytest

from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.cli import main
from resnet_viz.experiments.registry import EXPERIMENTS

twins = pytest.mark.skipif(
    not {"resnet20", "plain20"} <= set(bundled_names()), reason="no bundled twins"
)


@pytest.fixture
def command(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["resnet-viz", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return stopped.value.code or 0, printed.out, printed.err

    return run


def test_gradients_prints_the_contract(command):
    code, out, _ = command("gradients", "--depths", "8,14", "--norm", "none", "--init", "xavier",
                           "--seeds", "2", "--json")  # fmt: skip
    assert code == 0
    rows = json.loads(out)
    assert {(r["depth"], r["kind"], r["seed"]) for r in rows} == {
        (d, k, s) for d in (8, 14) for k in ("residual", "plain") for s in (0, 1)
    }
    assert list(rows[0]) == ["depth", "kind", "norm", "init", "seed", "layers", "first_over_last"]
    assert rows[0]["norm"] == "none"
    assert rows[0]["init"] == "xavier"
    layers = rows[0]["layers"]
    assert set(layers[0]) == {"name", "weight_gradient_norm", "activation_gradient_norm"}
    names = [layer["name"] for layer in layers]
    assert names[:4] == ["conv1", "layer1.0.conv1", "layer1.0.conv2", "layer1.0"]
    assert names[-1] == "fc"
    assert layers[3]["weight_gradient_norm"] is None
    first, last = layers[0]["weight_gradient_norm"], layers[-3]["weight_gradient_norm"]
    assert rows[0]["first_over_last"] == pytest.approx(first / last)


def test_gradients_for_people_is_a_table(command):
    code, out, _ = command("gradients", "--depths", "8")
    assert code == 0
    assert out.startswith("depth  kind")


def test_experiments_are_listed(command):
    code, out, _ = command("experiment", "--list", "--json")
    assert code == 0
    rows = json.loads(out)
    assert [row["name"] for row in rows] == list(EXPERIMENTS)
    assert set(rows[0]) == {"name", "title", "claim", "citation", "cost", "settings"}


@twins
def test_an_experiment_prints_and_saves_its_record(command, tmp_path):
    code, out, _ = command("experiment", "zero-means-identity", "--small", "--set", "steps=5",
                           "--out", tmp_path / "new", "--json")  # fmt: skip
    assert code == 0
    found = json.loads(out)
    assert found["experiment"] == "zero-means-identity"
    assert found["settings"]["steps"] == 5
    assert found["answer"] in {*EXPERIMENTS["zero-means-identity"].answers, None}
    assert (found["answer"] is None) == (found["outcome"] == "undecided")
    assert len(found["panels"][0]["curves"][0]["y"]) == 5
    assert (tmp_path / "new" / "finding.json").is_file()
    code, _, err = command("experiment", "paths", "--out", tmp_path / "new")
    assert code == 2
    assert "already exists" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("gradients", "--depths", "20,21"),
        ("gradients", "--depths", "deep"),
        ("gradients", "--depths", ""),
        ("gradients", "--norm", "weight"),
        ("gradients", "--init", "zero"),
        ("gradients", "--seeds", "0"),
        ("gradients", "--shortcut", "2"),
        ("experiment", "no-such"),
        ("experiment", "lesion", "--set", "images"),
        ("experiment", "lesion", "--set", "images=many"),
        ("experiment", "lesion", "--set", "depth=26", "--set", "source=photographs"),
        ("experiment", "shortcut-strength", "--set", "depth=21"),
        ("experiment", "loss-landscape", "--set", "dimensions=3"),
    ],
    ids=" ".join,
)
def test_a_mistake_gets_one_sentence_and_exit_code_2(command, arguments):
    code, out, err = command(*arguments)
    assert code == 2, err
    assert out == ""
    assert len(err.strip().splitlines()) == 1
