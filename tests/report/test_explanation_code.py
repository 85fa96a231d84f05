"""The code that the Explain page shows reproduces its result for all kinds of weights."""

from dataclasses import replace
from pathlib import Path

import pytest

from resnet_viz.checkpoints.load import load_two
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.checkpoints.save import save_checkpoint
from resnet_viz.checkpoints.weights import Weights
from resnet_viz.explain.explain_picture import ExplainRequest, explain_picture
from resnet_viz.explain.method_names import MethodName
from resnet_viz.networks.resnet.model import build
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES
from resnet_viz.pictures.samples import sample_picture
from resnet_viz.records import WeightSource
from resnet_viz.records.map_facts import Fused, Fusion
from resnet_viz.report.explanation_code import explanation_code
from resnet_viz.spec import NetworkSpec
from tests.source import ROOT

SMALL = NetworkSpec(depths=(1, 2), widths=(4, 8))


def bundled(folder):
    return load_two(NetworkRef.parse("resnet20"))


def fresh(folder):
    return load_two(NetworkRef.parse("resnet20:random", seed=3))


def own_design(folder):
    return load_two(NetworkRef(SMALL, Weights(WeightSource.RANDOM, seed=1)))


def file_and_lesion(folder):
    """A residual network's file alone: its twin has the same weights and no shortcuts."""
    trained, path = build(NetworkSpec.preset("resnet20"), seed=5), folder / "it's mine.safetensors"
    usual = fresh(folder).first.preprocessing
    save_checkpoint(
        path, trained, classes=CIFAR10_CLASSES, preprocessing=usual, training={}, curve=[]
    )
    return load_two(NetworkRef.parse("resnet20", str(path)))


def relative_path(folder):
    """As a command gets it; the printed code must run from another folder."""
    save_checkpoint(
        Path("here.safetensors"), build(NetworkSpec.preset("resnet20"), seed=5),
        classes=CIFAR10_CLASSES, preprocessing=fresh(folder).first.preprocessing,
        training={}, curve=[],
    )  # fmt: skip
    return load_two(NetworkRef.parse("resnet20", "here.safetensors"))


def unlike(folder):
    first = NetworkRef.parse("lenet5:random", seed=2)
    return load_two(first, NetworkRef(replace(SMALL, input_channels=1)))


def file_of_a_design(folder):
    path = folder / "own.safetensors"
    save_checkpoint(
        path, build(SMALL, seed=2), classes=CIFAR10_CLASSES,
        preprocessing=fresh(folder).first.preprocessing, training={}, curve=[],
    )  # fmt: skip
    return load_two(NetworkRef(SMALL, Weights(WeightSource.FILE, path=path)))


@pytest.mark.parametrize(
    "make", [bundled, fresh, own_design, file_and_lesion, file_of_a_design, relative_path, unlike]
)
@pytest.mark.parametrize("fused", [False, True])
def test_the_lines_print_the_same_maps(make, fused, tmp_path, monkeypatch, capsys):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "photo.jpg").write_bytes((ROOT / "assets/samples/cat.jpg").read_bytes())
    monkeypatch.chdir(tmp_path)

    def shown(loaded):
        blocks = loaded.spec.blocks()
        layer = Fused(Fusion.MEAN, tuple(blocks[-2:])) if fused else blocks[-1]
        asked = ExplainRequest(
            MethodName.GRAD_CAM_PLUS_PLUS,
            layer,
            target=1,
            against=2,
            options={"epsilon": 0.0},
            measures=(),
        )
        return explain_picture(loaded, sample_picture("cat"), asked)

    found = make(tmp_path).map(shown)
    code = explanation_code(found)
    monkeypatch.chdir(elsewhere)
    exec(code, {})  # what the page prints for people to run
    lines = capsys.readouterr().out.splitlines()
    for line, one in zip(lines, found, strict=True):
        maximum = float(line.split()[-2])
        assert maximum == pytest.approx(one.explanation.map.max(), rel=1e-4)
