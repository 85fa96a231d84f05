"""The printed code loads a file as this library does, and needs PyTorch alone."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from torch.nn.utils import parametrizations, prune

from resnet_viz import NetworkSpec, build
from resnet_viz.diagnosis.diagnose import identified
from resnet_viz.networks.export.weights_files import to_onnx
from resnet_viz.pictures.preprocess import ChannelOrder, preprocessing_for, seen, to_batch
from resnet_viz.pictures.samples import sample_batch, sample_picture, samples
from resnet_viz.report.checkpoint_code import checkpoint_code
from resnet_viz.spec import Attention, Block, Shortcut, Stem
from tests.checkpoints.identifying.test_wild import weights
from tests.checkpoints.saved_files import save

SMALL = NetworkSpec(depths=(1, 1), widths=(4, 8))
DEEP = NetworkSpec(
    block=Block.BOTTLENECK, depths=(1, 1), widths=(4, 8), shortcut=Shortcut.PROJECTION, classes=4
)


@pytest.fixture(scope="module")
def small():
    return weights(SMALL)


def renamed(tensors, table):
    return {table(key): value for key, value in tensors.items()}


def pruned(network):
    prune.l1_unstructured(network.conv1, "weight", amount=0.5)
    prune.l1_unstructured(network.get_submodule("layer1.0.conv2"), "weight", amount=0.3)


def weight_normed(network):
    parametrizations.weight_norm(network.get_submodule("layer1.0.conv1"))
    parametrizations.weight_norm(network.fc)


def parts_of(network, change):
    other = build(network.spec, seed=0)
    other.load_state_dict(network.state_dict())
    change(other)
    return other.state_dict()


def lora(tensors):
    down, up = torch.ones(2, 4 * 9) / 50, torch.ones(4, 2)
    key = "layer1.0.conv1"
    extra = {f"{key}.conv.weight": tensors[f"{key}.weight"], f"{key}.lora_A": down,
             f"{key}.lora_B": up, f"{key}.alpha": torch.tensor(3.0)}  # fmt: skip
    return {k: v for k, v in tensors.items() if k != f"{key}.weight"} | extra


STYLES = {
    "bare": lambda n: n.state_dict(),
    "wrapped": lambda n: {"epoch": 3, "state_dict": renamed(n.state_dict(), "module.{}".format)},
    "in a list": lambda n: [{"lr": 0.1}, n.state_dict()],
    "epoch beside": lambda n: {**n.state_dict(), "epoch": torch.tensor(3)},
    "other words": lambda n: {
        "net": renamed(n.state_dict(), lambda k: k.replace("fc", "linear").replace("bn", "norm"))
    },
    "numbered": lambda n: renamed(n.state_dict(), numbers(n).get),
    "two copies": lambda n: {
        "state_dict": n.state_dict(),
        "state_dict_ema": {k: v + 0 for k, v in n.state_dict().items()},
    },
    "copies by prefix": lambda n: {
        **renamed(n.state_dict(), "model.{}".format), **renamed(n.state_dict(), "ema.{}".format)
    },
    "spare tensors": lambda n: {**n.state_dict(), "criterion.weight": torch.ones(10)},
    "masks": lambda n: parts_of(n, pruned),
    "weight norm": lambda n: parts_of(n, weight_normed),
    "lora": lambda n: lora(n.state_dict()),
    "no head": lambda n: {k: v for k, v in n.state_dict().items() if "fc" not in k},
    "no bias in the head": lambda n: {k: v for k, v in n.state_dict().items() if k != "fc.bias"},
    "a 1x1 head": lambda n: {
        **{k: v for k, v in n.state_dict().items() if "fc" not in k},
        "final.weight": n.fc.weight.detach()[:, :, None, None], "final.bias": n.fc.bias.detach(),
    },
    "half": lambda n: {k: v.half() if v.ndim > 1 else v for k, v in n.state_dict().items()},
}  # fmt: skip


def numbers(network):
    modules = list(dict.fromkeys(key.rpartition(".")[0] for key in network.state_dict()))
    return {key: f"layers.{modules.index(key.rpartition('.')[0])}.{key.rpartition('.')[2]}"
            for key in network.state_dict()}  # fmt: skip


def run(code, folder, monkeypatch):
    monkeypatch.chdir(folder)
    names = {}
    exec(compile(code.program, "code.py", "exec"), names)
    return names


def agrees(path, monkeypatch):
    found = identified(path)
    names = run(checkpoint_code(found, path.name), path.parent, monkeypatch)
    assert "resnet_viz" not in checkpoint_code(found, path.name).program
    x = sample_batch(found.preprocessing)[:3]
    with torch.no_grad():
        assert torch.allclose(names["network"](x), found.network(x), atol=1e-5)
    return found, names


@pytest.mark.parametrize("style", STYLES)
def test_printed_code_gives_the_logits_of_our_own_loading(style, small, tmp_path, monkeypatch):
    path = tmp_path / "it's \\weights.pt"
    torch.save(STYLES[style](small), path)
    agrees(path, monkeypatch)


def test_code_of_other_containers(small, tmp_path, monkeypatch):
    tensors = {k: v.contiguous() for k, v in small.state_dict().items()}
    save_file(tensors, tmp_path / "w.safetensors")
    agrees(tmp_path / "w.safetensors", monkeypatch)
    save(tmp_path / "own.safetensors", replace_head(small))
    _, names = agrees(tmp_path / "own.safetensors", monkeypatch)
    assert names["preprocess"].transforms[0].size == 20
    (tmp_path / "w.onnx").write_bytes(to_onnx(small))
    agrees(tmp_path / "w.onnx", monkeypatch)
    torch.save(small.state_dict(), tmp_path / "w.th", _use_new_zipfile_serialization=False)
    agrees(tmp_path / "w.th", monkeypatch)


def replace_head(network):
    other = build(replace(network.spec, classes=3, input_size=16), seed=0)
    kept = {k: v for k, v in network.state_dict().items() if "fc" not in k}
    other.load_state_dict(kept, strict=False)
    return other.eval()


@pytest.mark.parametrize(
    "spec",
    [
        DEEP,
        SMALL.plain(),
        replace(DEEP, stem=Stem.IMAGENET, input_size=64),
        replace(SMALL, attention=Attention.SE, attention_reduction=4),
    ],
    ids=["bottleneck", "plain", "imagenet", "se"],
)
def test_code_of_other_networks(spec, tmp_path, monkeypatch):
    torch.save({"model": weights(spec).state_dict()}, tmp_path / "w.pt")
    agrees(tmp_path / "w.pt", monkeypatch)


def test_a_network_of_torchvision_is_built_by_torchvision(small):
    network = build(replace(NetworkSpec.preset("resnet18"), classes=5), seed=0)
    code = checkpoint_code(replace(identified_of(small), network=network), "w.pt")
    assert code.network == ""
    assert "network = resnet18(num_classes=5)" in code.short


def identified_of(network):
    from resnet_viz.checkpoints.identifying.identify import identify
    from resnet_viz.checkpoints.reading.state_dict import unwrap

    return identify(unwrap(network.state_dict(), "w"), "w")


def test_what_the_code_cannot_read_is_repaired_first(small):
    code = checkpoint_code(identified_of(small), "my weights.h5\n.h5")
    assert code.short.startswith("# First: resnet-viz repair 'my weights.h5?.h5' --out repaired")
    assert "my weights" not in "\n".join(code.short.splitlines()[1:])


@pytest.mark.parametrize("order", ChannelOrder)
def test_printed_preprocessing_shows_what_the_network_sees(order, small, tmp_path, monkeypatch):
    torch.save(small.state_dict(), tmp_path / "w.pt")
    found = identified(tmp_path / "w.pt")
    found = replace(found, preprocessing=replace(found.preprocessing, order=order))
    names = run(checkpoint_code(found, "w.pt"), tmp_path, monkeypatch)
    name = next(iter(samples()))
    from PIL import Image

    picture = sample_picture(name)
    ours = to_batch([seen(picture, preprocessing_for(SMALL))], found.preprocessing)
    theirs = names["preprocess"](Image.fromarray(picture.pixels))[None]
    assert (ours - theirs).abs().mean() < 0.05
    assert (ours - theirs.flip(1)).abs().mean() > 0.05
