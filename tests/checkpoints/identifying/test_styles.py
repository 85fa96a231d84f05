"""A hundred and twenty key styles: thirty contents of files in four arrangements.

Every one holds a small network. Among its candidates must be the one that computes what the network
computed. No photographs are run, so the whole table takes seconds.
"""

import random
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import nn

from resnet_viz import NetworkSpec, build
from resnet_viz.checkpoints.fill import fill
from resnet_viz.checkpoints.identifying.candidates import candidates
from resnet_viz.checkpoints.identifying.spare import sort_out
from resnet_viz.checkpoints.reading.state_dict import unwrap
from resnet_viz.spec import Attention, Block, Downsample, Norm, Order, Shortcut, Stem

BASE = NetworkSpec(depths=(1, 1, 1), widths=(4, 8, 16), shortcut=Shortcut.PROJECTION)
SPECS = {
    "basic": BASE,
    "bottleneck": replace(BASE, block=Block.BOTTLENECK),
    "biases": replace(BASE, bias=True, shortcut_norm=False),
    "pre": replace(BASE, order=Order.PRE),
    "pre, no last norm": replace(BASE, order=Order.PRE, last_norm=False),
    "folded": replace(BASE, norm=Norm.NONE, bias=True),
    "group": replace(BASE, norm=Norm.GROUP),
    "3x3 shortcuts": replace(BASE, shortcut_kernel=3),
    "means": replace(BASE, downsample=Downsample.AVG),
    "deep": replace(BASE, stem=Stem.DEEP, stem_inside=(2, 3), downsample=Downsample.AVG),
    "se": replace(BASE, attention=Attention.SE, attention_reduction=2),
    "eca": replace(BASE, attention=Attention.ECA),
}


@cache
def network(name):
    built = build(SPECS[name], seed=1).eval()
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for key, value in built.state_dict().items():
            if key.endswith("running_var"):
                value.uniform_(0.5, 2, generator=generator)
            elif value.ndim == 1:
                value.add_(torch.randn(value.shape, generator=generator) * 0.2)
    return built


def words(*pairs):
    def rename(tensors):
        for old, new in pairs:
            tensors = {key.replace(old, new): value for key, value in tensors.items()}
        return tensors

    return rename


def headless(tensors):
    return {key: value for key, value in tensors.items() if not key.startswith("fc")}


def beside(**more):
    return lambda tensors: {**tensors, **{k.replace("__", "."): v for k, v in more.items()}}


def numbered(tensors):
    names = list(dict.fromkeys(key.rpartition(".")[0] for key in tensors))
    return {f"layers.{names.index(k.rpartition('.')[0])}.{k.rpartition('.')[2]}": v
            for k, v in tensors.items()}  # fmt: skip


def parts(split):
    """Every weight of a 3x3 convolution as ``split`` keeps it: {suffix: tensor}."""

    def change(tensors):
        found = {}
        for key, value in tensors.items():
            apart = value.ndim == 4 and value.shape[2] == 3
            stem = key.removesuffix("weight")
            found |= {stem + k: v for k, v in split(value).items()} if apart else {key: value}
        return found

    return change


def weight_norm(value):
    return {"weight_g": value.flatten(1).norm(dim=1).view(-1, 1, 1, 1), "weight_v": value * 3}


def lora(value):
    down, up = torch.randn(2, value[0].numel()), torch.randn(len(value), 2)
    return {"base_layer.weight": value - (up @ down).reshape(value.shape),
            "lora_A.default.weight": down, "lora_B.default.weight": up}  # fmt: skip


TIMM_STEM = {
    "conv1a": "conv1.0", "bn1a": "conv1.1", "conv1b": "conv1.3", "bn1b": "conv1.4",
    "conv1": "conv1.6",
}  # fmt: skip
#: By name: the network, and what becomes of its tensors.
CONTENTS = {
    "torchvision": ("bottleneck", dict),
    "kuangliu": ("basic", words(("downsample", "shortcut"), ("fc", "linear"))),
    "flat words": ("basic", words(("layer", "stage"), (".0.", "_unit1."), ("fc", "classifier"))),
    "numbers": ("basic", numbered),
    "d2l": ("biases", dict),
    "pre-activation": ("pre", dict),
    "pre-activation without a last norm": ("pre, no last norm", words(("downsample", "shortcut"))),
    "folded norms": ("folded", dict),
    "group norm": ("group", words(("bn", "gn"))),
    "3x3 shortcuts": ("3x3 shortcuts", dict),
    "means before projections": ("means", dict),
    "deep stem": ("deep", lambda tensors: {
        TIMM_STEM.get(key.rpartition(".")[0], key.rpartition(".")[0])
        + "." + key.rpartition(".")[2]: value for key, value in tensors.items()
    }),
    "se": ("se", dict),
    "se, linear": ("se", lambda tensors: {
        key.replace("se.fc", "squeeze.fc"): value.flatten(1) if ".se." in key and value.ndim == 4
        else value for key, value in tensors.items()
    }),
    "eca": ("eca", words(("eca.conv", "attn.conv"))),
    "no head": ("basic", headless),
    "head without bias": ("basic", lambda t: {k: v for k, v in t.items() if k != "fc.bias"}),
    "1x1 head": ("basic", lambda t: {
        **headless(t), "out.weight": t["fc.weight"][:, :, None, None], "out.bias": t["fc.bias"],
    }),
    "two layers": ("basic", lambda t: {
        **headless(t), "fc.0.weight": torch.ones(6, 16), "fc.0.bias": torch.zeros(6),
        "fc.2.weight": torch.ones(3, 6), "fc.2.bias": torch.zeros(3),
    }),
    "two heads": ("basic", lambda t: {
        **headless(t), "head_a.weight": torch.ones(4, 16), "head_b.weight": torch.ones(2, 16),
    }),
    "a loss": ("basic", beside(criterion__weight=torch.ones(10))),
    "metrics": ("basic", beside(val_acc__confmat=torch.zeros(5, 5))),
    "a preprocessor": ("basic", beside(
        data_preprocessor__mean=torch.tensor([123.7, 116.3, 103.5]).view(3, 1, 1),
        data_preprocessor__std=torch.tensor([58.4, 57.1, 57.4]).view(3, 1, 1),
    )),
    "a profiler": ("basic", beside(conv1__total_ops=torch.zeros(1), total_params=torch.ones(1))),
    "observers": ("basic", beside(
        layer1__0__conv1__activation_post_process__min_val=torch.zeros(4)
    )),
    "masks": ("basic", parts(lambda v: {"weight_orig": v, "weight_mask": torch.ones_like(v)})),
    "weight norm": ("basic", parts(weight_norm)),
    "parametrizations": ("basic", parts(lambda v: {
        f"parametrizations.weight.original{number}": part
        for number, part in enumerate(weight_norm(v).values())
    })),
    "lora": ("basic", parts(lora)),
    "without counters": ("basic", lambda t: {k: v for k, v in t.items() if "num_batches" not in k}),
}  # fmt: skip


def shuffled(tensors):
    items = list(tensors.items())
    random.Random(len(items)).shuffle(items)
    return dict(items)


ARRANGEMENTS = {
    "as written": dict,
    "shuffled": shuffled,
    "sorted": lambda tensors: dict(sorted(tensors.items())),
    "prefixed": lambda tensors: {
        "epoch": 3, "state_dict": {f"module._orig_mod.{k}": v for k, v in tensors.items()},
    },
}  # fmt: skip


def test_there_are_a_hundred_and_twenty():
    assert len(CONTENTS) * len(ARRANGEMENTS) >= 120


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@pytest.mark.parametrize("content", CONTENTS)
def test_a_style_has_its_network_among_the_candidates(content, arrangement):
    name, change = CONTENTS[content]
    written = ARRANGEMENTS[arrangement](change(network(name).state_dict()))
    tensors = sort_out(unwrap(written, "w").tensors).tensors
    images = torch.randn(2, 3, 33, 33, generator=torch.Generator().manual_seed(3))
    expected = features(network(name), images)
    found = [each for each in candidates(tensors) if each.whole]
    assert found
    built = (fill(each.spec, each.tensors(tensors), "w") for each in found)
    assert any(torch.allclose(features(each, images), expected, atol=1e-4) for each in built)


def features(of: nn.Module, images):
    seen = {}
    with torch.no_grad():
        of(images, seen.setdefault)
    return seen["avgpool"]
