"""Exported networks run elsewhere with equal outputs: source alone, safetensors, ONNX."""

import builtins
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from resnet_viz import NetworkSpec, build, load_checkpoint
from resnet_viz.core.errors import OptionError
from resnet_viz.networks.export.source import source_code
from resnet_viz.networks.export.spec_file import spec_to_json
from resnet_viz.networks.export.weights_files import to_onnx, to_safetensors
from tests.networks.specs import DESIGNS
from tests.source import ROOT

PUBLISHED = ("resnet20", "plain20", "resnet18", "resnext50_32x4d", "wrn-40-4")
SPECS = {**DESIGNS, **{name: NetworkSpec.preset(name) for name in PUBLISHED}}


def lived_in(spec, seed=0):
    """A network whose statistics, scales and shifts are not the first ones."""
    network = build(spec, seed=seed).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1, generator=generator)
                module.running_var.uniform_(0.5, 2, generator=generator)
        for parameter in network.parameters():
            if parameter.ndim == 1 or not parameter.any():
                parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return network


def images_for(spec, count=2):
    side = min(spec.input_size, 64)
    shape = (count, spec.input_channels, side, side)
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


RUN = """
import sys, json
sys.path = [p for p in sys.path if p and p != {root!r}]
import importlib.util, torch
from safetensors.torch import load_file
torch.set_num_threads(1)
for name in json.load(open("names.json")):
    spec = importlib.util.spec_from_file_location("alone", name + ".py")
    alone = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(alone)
    network = (getattr(alone, "ResNet", None) or alone.PlainNet)().eval()
    network.load_state_dict(load_file(name + ".safetensors"))
    with torch.no_grad():
        torch.save(network(torch.load(name + ".images")), name + ".logits")
assert not any(m.startswith("resnet_viz") for m in sys.modules)
try:
    import resnet_viz
except ImportError:
    print("alone")
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Logits of the standalone files, computed where this package cannot be imported."""
    folder = tmp_path_factory.mktemp("alone")
    expected = {}
    names = {name: f"n{number}" for number, name in enumerate(SPECS)}
    for name, file in names.items():
        spec = SPECS[name]
        network, images = lived_in(spec), images_for(spec)
        (folder / f"{file}.py").write_text(source_code(spec), "utf-8")
        (folder / f"{file}.safetensors").write_bytes(to_safetensors(network))
        torch.save(images, folder / f"{file}.images")
        with torch.no_grad():
            expected[name] = network(images)
    (folder / "names.json").write_text(json.dumps(list(names.values())))
    done = subprocess.run(
        [sys.executable, "-I", "-c", RUN.format(root=str(ROOT))],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "alone"
    return {name: (expected[name], torch.load(folder / f"{f}.logits")) for name, f in names.items()}


def test_at_least_twelve_designs_are_tried():
    assert len(SPECS) >= 12


@pytest.mark.parametrize("name", SPECS)
def test_source_alone_gives_equal_logits(name, alone):
    expected, got = alone[name]
    assert expected.abs().max() > 0
    assert torch.equal(got, expected) or (got - expected).abs().max() <= 1e-6 * expected.abs().max()


@pytest.mark.parametrize("name", SPECS)
def test_source_reads_as_if_written_by_hand(name, tmp_path):
    text = source_code(SPECS[name])
    assert max(map(len, text.splitlines())) <= 100
    assert len(text.splitlines()) < 140
    assert "resnet_viz" not in text
    file = tmp_path / "network.py"
    file.write_text(text, "utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    checked = subprocess.run([*ruff, "check", "--isolated", "--line-length", "100",
                              "--select", "E,F,I,B,C4,SIM", file], check=False)  # fmt: skip
    formatted = subprocess.run([*ruff, "format", "--isolated", "--line-length", "100",
                                "--check", "-q", file], check=False)  # fmt: skip
    assert (checked.returncode, formatted.returncode) == (0, 0)


@pytest.mark.parametrize(
    "name", ["resnext", "fixup", "pre-activation A", "basic C", "no norm, sigmoid"]
)
def test_source_draws_its_first_weights_by_the_same_rule(name):
    spec = SPECS[name]
    space = {"__name__": "alone"}
    exec(source_code(spec), space)
    ours, theirs = build(spec, seed=0), space["ResNet"]()
    for key, value in ours.state_dict().items():
        other = theirs.state_dict()[key].float()
        if value.numel() > 500:
            assert other.std().item() == pytest.approx(value.std().item(), rel=0.15), key
        if ("fc" not in key and value.ndim < 2) or not value.any():
            assert torch.equal(other, value.float()), key


def test_equal_networks_give_equal_files():
    network = build(NetworkSpec(depths=(1,), widths=(4,)), seed=0)
    assert len({to_safetensors(network) for _ in range(8)}) == 1


def test_safetensors_say_what_they_are(tmp_path):
    network = lived_in(DESIGNS["pre-activation A"])
    file = tmp_path / "mine.safetensors"
    file.write_bytes(to_safetensors(network))
    again = load_checkpoint(file)
    assert again.network.spec == network.spec
    state = network.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in again.network.state_dict().items())


@pytest.mark.parametrize("name", SPECS)
def test_onnx_gives_equal_logits(name):
    runtime = pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("onnx")
    spec = SPECS[name]
    network = lived_in(spec)
    model = to_onnx(network)
    onnx.checker.check_model(onnx.load_from_string(model), full_check=True)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    for count in (1, 3):
        side = spec.input_size
        images = torch.randn(count, spec.input_channels, side, side)
        (got,) = session.run(None, {"images": images.numpy()})
        with torch.no_grad():
            expected = network(images).numpy()
        assert np.abs(got - expected).max() <= 1e-4 * max(1, np.abs(expected).max())


def test_without_onnx_the_cure_is_named(monkeypatch):
    real = builtins.__import__

    def refuse(name, *rest):
        if name.split(".")[0] == "onnx":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(OptionError, match="pip install onnx"):
        to_onnx(build(DESIGNS["basic A"], seed=0))


def test_the_json_of_a_preset_is_stable():
    values = json.loads(spec_to_json(NetworkSpec.preset("resnet20")))
    assert values["schema_version"] == 1
    assert values["depths"] == [3, 3, 3]
    assert values["shortcut"] == "zero_pad"
