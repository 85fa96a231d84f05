"""Several sets of weights in one file, and weights in parts."""

import math

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

from resnet_viz import NetworkSpec, build
from resnet_viz.checkpoints.reading.state_dict import unwrap
from resnet_viz.core.errors import CheckpointError

SPEC = NetworkSpec(depths=(1, 1), widths=(4, 8))


def a_copy(seed, *, trained=True):
    tensors = build(SPEC, seed=seed).state_dict()
    if trained:
        for key, value in tensors.items():
            if key.endswith("running_var"):
                value.uniform_(0.5, 2)
    return tensors


ONE, OTHER, FRESH = a_copy(1), a_copy(2), a_copy(3, trained=False)


def prefixed(prefix, tensors):
    return {prefix + key: value for key, value in tensors.items()}


CASES = {
    "weights and average": ({"state_dict": ONE, "ema": OTHER}, ["state_dict", "ema"], 0),
    "average inside": (
        {"ema_model": {"shadow": OTHER}, "model": ONE}, ["ema_model.shadow", "model"], 1,
    ),
    "fresh and average": (
        {"state_dict": FRESH, "state_dict_ema": ONE}, ["state_dict", "state_dict_ema"], 1,
    ),
    "prefixed and bare": ({**FRESH, **prefixed("module.", ONE)}, ["bare", "module"], 1),
    "query and key": (
        {"state_dict": {**prefixed("encoder_q.", ONE), **prefixed("encoder_k.", OTHER),
                        "queue": torch.zeros(8, 16)}}, ["encoder_q", "encoder_k"], 0,
    ),
    "student and teacher": (
        {"student": prefixed("module.", OTHER), "teacher": prefixed("backbone.", ONE)},
        ["student", "teacher"], 1,
    ),
    "a list": ([ONE, OTHER], ["0", "1"], 0),
    "other words": ({"net_state_dict": ONE, "best": OTHER}, ["net_state_dict", "best"], 0),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_every_copy_is_named_and_each_can_be_chosen(name):
    content, names, usual = CASES[name]
    found = unwrap(content, "w")
    assert sorted(found.copies) == sorted(names)
    assert found.copy == names[usual]
    for each in names:
        assert unwrap(content, "w", each).copy == each
    for key, value in ONE.items():
        if value.ndim:
            assert torch.equal(found.tensors[key], value)


def test_a_copy_that_is_not_there_is_one_sentence_with_those_that_are():
    with pytest.raises(CheckpointError, match=r"it has: state_dict, ema\."):
        unwrap({"state_dict": ONE, "ema": OTHER}, "w", "emma")


def test_stages_and_blocks_are_no_copies():
    assert unwrap(ONE, "w").copies == ()


def test_an_optimiser_is_no_copy():
    moments = {"state": {0: {"exp_avg": torch.zeros(4, 3, 3, 3)}}, "param_groups": [{"lr": 1}]}
    assert unwrap({"state_dict": ONE, "optimizer": moments}, "w").copies == ()


def test_a_head_in_its_own_dictionary_belongs_to_the_network():
    body = {k: v for k, v in ONE.items() if not k.startswith("fc")}
    content = {"model": body, "classifier": {"weight": ONE["fc.weight"], "bias": ONE["fc.bias"]}}
    assert torch.equal(unwrap(content, "w").tensors["classifier.weight"], ONE["fc.weight"])


def _mask(module):
    prune.l1_unstructured(module, "weight", amount=0.5)


def _old_spectral(module):
    nn.utils.spectral_norm(module)
    module(torch.randn(2, 3, 8, 8))


def _old_weight_norm(module):
    with pytest.warns(FutureWarning):
        nn.utils.weight_norm(module)


def _spectral(module):
    parametrizations.spectral_norm(module)


def _low_rank(module):
    class Added(nn.Module):
        def __init__(self):
            super().__init__()
            self.lora_A = nn.Parameter(torch.randn(2, 27))
            self.lora_B = nn.Parameter(torch.randn(4, 2))

        def forward(self, weight):
            return weight + (self.lora_B @ self.lora_A).view(weight.shape)

    parametrize.register_parametrization(module, "weight", Added())


PARTS = {
    "mask": _mask,
    "weight_norm": parametrizations.weight_norm,
    "old weight_norm": _old_weight_norm,
    "spectral_norm": _spectral,
    "old spectral_norm": _old_spectral,
    "lora": _low_rank,
}


@pytest.mark.parametrize("name", PARTS)
def test_weights_in_parts_are_put_together_as_pytorch_does(name):
    torch.manual_seed(0)
    network = nn.ModuleDict({"conv1": nn.Conv2d(3, 4, 3), "conv2": nn.Conv2d(4, 4, 3)})
    PARTS[name](network["conv1"])
    network.eval()
    with torch.no_grad():
        network["conv1"](torch.randn(2, 3, 8, 8))
        wanted = network["conv1"].weight.clone()
    found = unwrap({k: v.detach() for k, v in network.state_dict().items()}, "w")
    assert torch.allclose(found.tensors["conv1.weight"], wanted, atol=1e-6)
    assert [each.name for each in found.merged] == ["conv1.weight"]
    assert set(found.tensors) == {"conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"}


def test_peft_weights_get_their_low_rank_part():
    weight, down, up = torch.randn(6, 5), torch.randn(2, 5), torch.randn(6, 2)
    content = {
        "base_model.model.fc.base_layer.weight": weight,
        "base_model.model.fc.lora_A.default.weight": down,
        "base_model.model.fc.lora_B.default.weight": up,
    }
    (value,) = unwrap(content, "w").tensors.values()
    assert torch.allclose(value, weight + up @ down)
    assert math.isfinite(float(value.sum()))
