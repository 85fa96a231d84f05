"""Any ResNet is identified whatever its tensors are called; other networks are not."""

import random
import re
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from resnet_viz import NetworkSpec, build
from resnet_viz.checkpoints.fill import fill
from resnet_viz.checkpoints.identifying.candidates import candidates
from resnet_viz.checkpoints.identifying.identify import identify
from resnet_viz.checkpoints.load_file import load_checkpoint
from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.checkpoints.reading.state_dict import StateDict
from resnet_viz.checkpoints.running_statistics import set_statistics
from resnet_viz.core.errors import CheckpointError
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING
from resnet_viz.pictures.samples import sample_batch
from resnet_viz.spec import Kind, Order, Shortcut, Stem

NAMES = [
    "resnet20", "resnet32", "resnet44", "resnet56", "resnet110", "resnet18", "resnet34",
    "resnet50", "resnet101", "resnet152", "resnext50_32x4d", "resnext101_32x8d",
    "wide_resnet50_2", "wrn-28-10", "wrn-40-4", "preact-resnet18", "resnet164",
]  # fmt: skip


def meta(spec):
    with torch.device("meta"):
        return ResNet(spec).state_dict()


def torchvision(key):
    return key


def bare(key):
    """akamaster's: another name for the head, in a wrapper of DataParallel."""
    return "module." + key.replace("fc.", "linear.")


def weiaicunzai(key):
    """Numbered modules in a sequence, without a word of what they are."""
    key = re.sub(r"layer(\d)\.", lambda m: f"conv{int(m[1]) + 1}_x.", key)
    for number in (1, 2, 3):
        key = key.replace(f".conv{number}.", f".residual_function.{3 * number - 3}.")
        key = key.replace(f".bn{number}.", f".residual_function.{3 * number - 2}.")
    key = re.sub(r"^conv1\.", "conv1.0.", key)
    return re.sub(r"^bn1\.", "conv1.1.", key).replace("downsample.", "shortcut.")


def hugging_face(key):
    key = re.sub(r"^conv1\.", "embedder.embedder.convolution.", key)
    key = re.sub(r"^bn1\.", "embedder.embedder.normalization.", key)
    key = re.sub(r"^layer(\d)\.(\d+)\.", lambda m: f"encoder.stages.{int(m[1]) - 1}.layers.{m[2]}.",
                 key)  # fmt: skip
    key = re.sub(r"\.conv(\d)\.", lambda m: f".layer.{int(m[1]) - 1}.convolution.", key)
    key = re.sub(r"\.bn(\d)\.", lambda m: f".layer.{int(m[1]) - 1}.normalization.", key)
    key = key.replace("downsample.0.", "shortcut.convolution.")
    key = key.replace("downsample.1.", "shortcut.normalization.")
    return key.replace("fc.", "classifier.1.") if key.startswith("fc.") else f"resnet.{key}"


STYLES = {style.__name__: style for style in (torchvision, bare, weiaicunzai, hugging_face)}
POST = [name for name in NAMES if NetworkSpec.preset(name).order is Order.POST]
CASES = [(name, style) for name in POST for style in STYLES]
CASES += [(n, s) for n in NAMES if n not in POST for s in ("torchvision", "bare")]


def test_there_are_enough_cases():
    assert len(CASES) >= 40


@pytest.mark.parametrize(("name", "style"), CASES)
def test_a_network_is_recognised_from_shapes_and_order(name, style):
    spec = NetworkSpec.preset(name)
    found = candidates({STYLES[style](key): value for key, value in meta(spec).items()})
    assert all(candidate.whole for candidate in found)
    assert spec in [candidate.spec for candidate in found]
    if spec.shortcut is not Shortcut.ZERO_PAD and spec.order is Order.POST:
        usual = {"stride_on": spec.stride_on}
        assert {replace(candidate.spec, **usual) for candidate in found} == {spec}


@pytest.mark.parametrize("name", NAMES)
def test_shuffled_keys_are_put_in_order_by_their_numbers(name):
    spec = NetworkSpec.preset(name)
    items = list(meta(spec).items())
    random.Random(0).shuffle(items)
    found = next(c for c in candidates(dict(items)) if c.spec == spec)
    assert found.whole
    assert all(own == given for own, given in found.keys.items())


@pytest.mark.parametrize("style", STYLES)
def test_every_tensor_finds_its_own_place(style):
    """By value, not by shape alone: two equal shapes must not be exchanged."""
    spec = NetworkSpec.preset("resnet50")
    small = NetworkSpec(
        block=spec.block, depths=(2, 1, 2), widths=(8, 16, 32), shortcut=Shortcut.PROJECTION,
        stem=Stem.IMAGENET, input_size=64, classes=7,
    )  # fmt: skip
    weights = build(small, seed=3).state_dict()
    renamed = {STYLES[style](key): value for key, value in weights.items()}
    found = candidates(renamed)[0]
    assert found.spec.depths == small.depths
    for own, value in found.tensors(renamed).items():
        assert torch.equal(value, weights[own]), own


SMALL = NetworkSpec(depths=(2, 2, 2), widths=(8, 16, 32))


@pytest.fixture(scope="module", params=[SMALL, SMALL.plain()], ids=["residual", "plain"])
def trained(request):
    """Statistics like those of training: of photographs, moved a little."""
    network = build(request.param, seed=1)
    set_statistics(network, sample_batch(CIFAR_PREPROCESSING)[::2])
    return network.eval()


WRAPPERS = [
    lambda w: w,
    lambda w: {"state_dict": w, "epoch": 7},
    lambda w: {"model_state_dict": w, "optimizer_state_dict": {"state": {}, "param_groups": []}},
    lambda w: {"model": {"state_dict": w}},
    lambda w: {"net": w, "acc": 0.9, "epoch": 3},
    lambda w: {"params_ema": w},
    lambda w: {"anything": w},
    lambda w: {"state_dict": {f"model.{k}": v for k, v in w.items()}, "hyper_parameters": {"lr": 1},
               "pytorch-lightning_version": "2.4"},
    lambda w: {f"module._orig_mod.backbone.{k}": v for k, v in w.items()} | {"n_averaged":
                                                                        torch.tensor(4)},
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(WRAPPERS)))
def test_wrappers_are_taken_off_and_the_kind_is_found(number, trained, tmp_path):
    torch.save(WRAPPERS[number](trained.state_dict()), tmp_path / "w.pth")
    loaded = load_checkpoint(tmp_path / "w.pth")
    assert loaded.network.spec == trained.spec
    for key, value in loaded.network.state_dict().items():
        assert torch.equal(value, trained.state_dict()[key])


def test_what_stands_beside_the_weights_is_kept(trained, tmp_path):
    content = {
        "state_dict": trained.state_dict(), "epoch": 164, "best_acc": torch.tensor(91.5),
        "optimizer": {"param_groups": [{"lr": 0.1, "params": [0]}]}, "args": {"arch": "resnet"},
    }  # fmt: skip
    torch.save(content, tmp_path / "w.ckpt")
    told = read_weights(tmp_path / "w.ckpt").training
    assert told["epoch"] == 164
    assert told["best_acc"] == 91.5
    assert told["optimizer.param_groups.lr"] == 0.1
    assert told["args.arch"] == "resnet"


def test_sharded_safetensors_are_read_together(trained, tmp_path):
    import json

    items = list(trained.state_dict().items())
    parts = {"a.safetensors": dict(items[::2]), "b.safetensors": dict(items[1::2])}
    for name, part in parts.items():
        save_file({k: v.clone() for k, v in part.items()}, tmp_path / name)
    places = {key: name for name, part in parts.items() for key in part}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    loaded = load_checkpoint(tmp_path / "model.safetensors.index.json")
    assert loaded.network.spec == trained.spec


def test_a_fresh_network_is_of_no_known_kind():
    found = identify(StateDict(build(SMALL, seed=0).state_dict()), "fresh")
    assert not found.sure
    with pytest.raises(CheckpointError, match="name the network"):
        found.loaded()


def test_naming_the_network_settles_the_kind(tmp_path):
    weights = {bare(k): v for k, v in build(SMALL, seed=0).state_dict().items()}
    torch.save(weights, tmp_path / "fresh.pth")
    for spec in (SMALL, SMALL.plain()):
        assert load_checkpoint(tmp_path / "fresh.pth", spec).network.spec == spec


def other_networks():
    conv, bn = nn.Conv2d, nn.BatchNorm2d
    yield "linear", nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    yield "vgg", nn.Sequential(conv(3, 8, 3), conv(8, 16, 3), nn.Flatten(), nn.Linear(64, 99),
                               nn.Linear(99, 10))  # fmt: skip
    yield "one convolution", nn.Sequential(conv(3, 8, 3), nn.Flatten(), nn.Linear(8, 10))
    yield "odd", nn.Sequential(conv(3, 8, 3), bn(8), conv(8, 8, 3), bn(8), nn.Linear(8, 10))
    yield "5x5", nn.Sequential(conv(3, 8, 5), conv(8, 8, 5), conv(8, 8, 5), nn.Linear(8, 10))
    yield "transformer", nn.TransformerEncoderLayer(16, 2, 32)
    yield "recurrent", nn.LSTM(8, 8)
    yield "depthwise", nn.Sequential(conv(3, 8, 3), conv(8, 8, 3, groups=8), conv(8, 16, 1),
                                     conv(16, 16, 3, groups=16), nn.Linear(16, 10))  # fmt: skip
    yield "no head", nn.Sequential(*list(build(SMALL, seed=0).children())[:-1])


OTHERS = list(other_networks())


@pytest.mark.parametrize(("name", "network"), OTHERS, ids=[name for name, _ in OTHERS])
def test_another_network_gets_no_name(name, network, tmp_path):
    torch.save(network.state_dict(), tmp_path / "w.pth")
    with pytest.raises(CheckpointError):
        load_checkpoint(tmp_path / "w.pth")


def test_a_network_with_a_hole_is_counted_and_the_tensor_named(tmp_path):
    weights = build(SMALL, seed=0).state_dict()
    weights["layer2.0.conv1.weight"] = torch.zeros(16, 9, 3, 3)
    torch.save(weights, tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match=r"of 80 tensors match.*layer2\.0\.conv1") as caught:
        load_checkpoint(tmp_path / "w.pth")
    assert caught.value.values["matched"] < 80


def test_tensors_that_the_user_names_are_left_out(trained, tmp_path):
    extra = {"layer1.0.gate.weight": torch.zeros(8, 8, 3, 3)}
    torch.save({**trained.state_dict(), **extra}, tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match=r"gate|fit no known"):
        load_checkpoint(tmp_path / "w.pth")
    loaded = load_checkpoint(tmp_path / "w.pth", skip=(*extra,))
    assert loaded.network.spec.kind is Kind(trained.spec.kind)


def test_filled_weights_are_exactly_those_of_the_file(trained):
    again = fill(trained.spec, trained.state_dict(), "w")
    x = sample_batch(CIFAR_PREPROCESSING)
    with torch.no_grad():
        assert torch.equal(again(x), trained(x))
