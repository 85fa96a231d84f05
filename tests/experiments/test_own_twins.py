"""Experiments with a pair that the user trained instead of a bundled one."""

import shlex
from dataclasses import replace

import pytest

from resnet_viz import NetworkSpec, Pair, Shortcut, build
from resnet_viz.checkpoints.save import save_checkpoint
from resnet_viz.core.errors import OptionError
from resnet_viz.core.text import Text
from resnet_viz.experiments.finding_files import python_line
from resnet_viz.experiments.recordings import command
from resnet_viz.experiments.registry import EXPERIMENTS, run_experiment
from resnet_viz.experiments.remarks import remarks
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING

DEPTH = 8
OF_TWINS = [name for name, row in EXPERIMENTS.items() if hasattr(row.config, "twins")]


def saved(folder, classes=CIFAR10_CLASSES, **changes):
    """A pair as ``train --out`` leaves it."""
    folder.mkdir(exist_ok=True)
    spec = NetworkSpec(depths=(1, 1, 1), widths=(8, 16, 32), **changes)
    for one, kind in Pair(spec, spec.plain()).join(Pair("residual", "plain")):
        save_checkpoint(
            folder / f"{kind}.safetensors",
            build(one, seed=1),
            classes=classes,
            preprocessing=CIFAR_PREPROCESSING,
            training={},
            curve=[],
        )
    return str(folder)


def test_every_experiment_with_twins_takes_ones_own():
    assert len(OF_TWINS) == 7


@pytest.mark.parametrize("name", OF_TWINS)
def test_ones_own_pair_is_measured(name, tmp_path):
    own = saved(tmp_path / "mine")
    found = run_experiment(name, small=True, depth=DEPTH, twins=own)
    assert found.progress == 1
    assert found.settings["twins"] == own
    assert found.panels
    said = " ".join(remarks(found, Text("en")))
    assert "bundled" not in said
    assert ("above chance" in said) == (name == "lesion")  # fresh weights have nothing to lose


def test_the_command_names_twins_that_are_ones_own(tmp_path):
    own = saved(tmp_path / "it's mine")
    found = run_experiment("cka", small=True, depth=DEPTH, twins=own)
    assert f"twins={own}" in shlex.split(command(found))
    usual = replace(found, settings={**found.settings, "twins": ""})
    assert "twins" not in command(usual) + python_line(usual)


def test_a_run_of_this_machine_is_found_by_its_id(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_VIZ_HOME", str(tmp_path))
    (tmp_path / "runs").mkdir()
    own = saved(tmp_path / "runs" / "20261121-101010-abcd")
    by_id = run_experiment("cka", small=True, depth=DEPTH, twins="20261121-101010-abcd")
    by_folder = run_experiment("cka", small=True, depth=DEPTH, twins=own)
    assert by_id.numbers == by_folder.numbers


@pytest.mark.parametrize("twins", ["nowhere", "../../etc", "/etc/passwd", "x" * 3000, "two\nlines"])
def test_a_pair_that_is_not_there_is_one_sentence(twins):
    with pytest.raises(OptionError, match="no trained pair"):
        run_experiment("lesion", small=True, twins=twins)


def test_a_pair_that_does_not_fit_is_one_sentence(tmp_path):
    own = saved(tmp_path / "mine")
    with pytest.raises(OptionError, match="set the depth to 8"):
        run_experiment("lesion", small=True, depth=20, twins=own)
    other = saved(tmp_path / "other", classes=tuple("abcdefghij"))
    with pytest.raises(OptionError, match="CIFAR-10"):
        run_experiment("lesion", small=True, depth=DEPTH, twins=other)
    projected = saved(tmp_path / "projected", shortcut=Shortcut.PROJECTION)
    with pytest.raises(OptionError, match="weights of different shapes"):
        run_experiment("loss-landscape", small=True, depth=DEPTH, twins=projected)
