"""Small networks of timm: identified from their tensors, built here, with equal answers."""

import pytest
import torch

from resnet_viz.checkpoints.fill import fill
from resnet_viz.checkpoints.identifying.candidates import candidates
from resnet_viz.checkpoints.identifying.variants import computes_otherwise, variant
from resnet_viz.spec import Attention, Block, Downsample, Stem

timm_resnet = pytest.importorskip("timm.models.resnet", reason="needs timm")
BASIC, BOTTLENECK = timm_resnet.BasicBlock, timm_resnet.Bottleneck


def timm_network(block, *, deep="", attention=None, average=False, width=4, **more):
    """A small network with the scales, shifts and statistics of a trained one."""
    generator = torch.Generator().manual_seed(3)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = timm_resnet.ResNet(
            block, (1, 1, 1, 2), channels=[width * n for n in (1, 2, 4, 8)], num_classes=7,
            stem_width=4, stem_type=deep, avg_down=average,
            block_args={"attn_layer": attention} if attention else None, **more,
        )  # fmt: skip
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if name.endswith("running_var"):
                value.uniform_(0.5, 2, generator=generator)
            elif value.ndim == 1:
                value.add_(torch.randn(value.shape, generator=generator) * 0.3)
    return network.eval()


NETWORKS = {
    "ResNet-D": (
        {"block": BOTTLENECK, "deep": "deep", "average": True},
        {"stem": Stem.DEEP, "downsample": Downsample.AVG, "block": Block.BOTTLENECK},
    ),
    "ResNet-T": (
        {"block": BASIC, "deep": "deep_tiered", "average": True},
        {"stem": Stem.DEEP, "stem_inside": (3, 4), "block": Block.BASIC},
    ),
    "ResNet-C": (
        {"block": BOTTLENECK, "deep": "deep"},
        {"stem": Stem.DEEP, "downsample": Downsample.STRIDE},
    ),
    "SE": (
        {"block": BASIC, "attention": "se", "width": 16},
        {"attention": Attention.SE, "attention_reduction": 16, "attention_least": 8},
    ),
    "SE, bottleneck": (
        {"block": BOTTLENECK, "attention": "se"},
        {"attention": Attention.SE, "attention_bias": True},
    ),
    "ECA-D": (
        {"block": BOTTLENECK, "attention": "eca", "deep": "deep", "average": True},
        {"attention": Attention.ECA, "attention_kernel": None, "downsample": Downsample.AVG},
    ),
    "ResNeXt-D": (
        {"block": BOTTLENECK, "deep": "deep", "average": True, "cardinality": 2, "base_width": 32},
        {"groups": 2, "stem": Stem.DEEP},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_of_timm_gives_its_own_answers(name):
    made, wanted = NETWORKS[name]
    network = timm_network(**made)
    first = candidates(network.state_dict())[0]
    assert {field: getattr(first.spec, field) for field in wanted} == wanted
    ours = fill(first.spec, first.tensors(network.state_dict()), "w")
    images = torch.randn(2, 3, 65, 65, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = network(images)
        assert torch.allclose(ours(images), expected, atol=1e-4 * expected.abs().max())


FAMILIES = {
    "skresnet18": "sk",
    "res2net50_26w_4s": "res2net",
    "resnest14d": "resnest",
    "resnetv2_50x1_bit": "bit",
    "resnet50_clip": "clip",
    "cbam_resnet": "cbam",
    "densenet121": "densenet",
    "vgg11_bn": "vgg",
    "convnext_atto": "convnext",
    "mobilenetv2_050": "mobile",
    "vit_tiny_patch16_224": "transformer",
}


@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_not_built_here_is_named(name):
    import timm

    with torch.device("meta"):
        if name == "cbam_resnet":
            network = timm_resnet.ResNet(BASIC, (1, 1, 1, 1), block_args={"attn_layer": "cbam"})
        else:
            network = timm.create_model(name)
    tensors = network.state_dict()
    found = [each for each in candidates(tensors) if each.whole]
    assert all(computes_otherwise(tensors, each.spec) for each in found)
    assert variant(tensors) == FAMILIES[name]
