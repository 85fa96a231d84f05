"""Tell a network that blurs before it takes every second pixel from one with strides.

Both have the same tensors where the filter of the blur is not stored, as in timm's resnetblur50.
Such a network is not built here; the one with strides, altered in place, only serves to fit it.
"""

import copy
import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

from resnet_viz.checkpoints.identifying.bn_consistency import Consistency, consistency
from resnet_viz.checkpoints.identifying.fits import CLEARLY, FITS, Fit, later_scores
from resnet_viz.networks.resnet.blocks import ResidualBlock
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.spec import Block, Edges, NetworkSpec, Order, StemPool, StrideIn, StrideOn
from resnet_viz.spec.parts import Convolution

_OFF = 0.25  # score of a norm behind a blur that is left out: 0.4 to 0.8; of healthy ones 0.14
_MUCH = 2.0


class Blur(nn.Module):
    """Every second pixel of x * (1, 2, 1)^T (1, 2, 1) / 16, mirrored at the edges (Zhang 2019)."""

    def forward(self, x: Float[Tensor, "batch c h w"]) -> Float[Tensor, "batch c hs ws"]:
        row = torch.tensor([1.0, 2.0, 1.0], device=x.device) / 4
        kernel = torch.outer(row, row).expand(x.shape[1], 1, 3, 3)
        return conv2d(pad(x, (1, 1, 1, 1), mode="reflect"), kernel, stride=2, groups=x.shape[1])


def blurs(fits: Sequence[Fit], best: Fit) -> bool:
    """Whether photographs clearly prefer a network with blurs to all that can be built.

    It is run only where each block with a stride looks like one: blurred values vary less.
    """
    usual = [fit for fit in fits if _may_blur(fit.spec) and fit.remeasured is not None]
    if not usual or math.isnan(best.score):
        return False
    nearest = min(usual, key=lambda fit: fit.score)
    assert nearest.remeasured is not None  # as was asked for above
    batch = nearest.remeasured.batch
    if not _suspected(nearest.network, consistency(nearest.network, batch, nearest.remeasured)):
        return False
    score = later_scores(with_blurs(nearest.network), batch).mean
    return score <= FITS and best.score > CLEARLY * score


def _suspected(network: ResNet, found: Consistency) -> bool:
    """Whether the norm behind each stride's own is off, and that of the stride much less."""
    pairs = [
        (f"{block.name}.bn{number}", f"{block.name}.bn{number + 1}")
        for block in network.blocks()
        for number, convolution in enumerate(_convolutions(block), 1)
        if convolution.stride > 1
    ]
    scores = [(found.scores[own], found.scores[behind]) for own, behind in pairs]
    return bool(scores) and all(behind > max(_OFF, _MUCH * own) for own, behind in scores)


def _convolutions(block: ResidualBlock) -> list[Convolution]:
    return [p.convolution for p in block.plan.branch if p.convolution is not None]


def with_blurs(network: ResNet) -> ResNet:
    """A copy that blurs where the network has strides, as timm does; same names and tensors."""
    blurred = copy.deepcopy(network)
    for block in blurred.blocks():
        for part in block.plan.branch:
            if part.convolution is not None and part.convolution.stride > 1:
                convolution = block.get_submodule(part.name)
                assert isinstance(convolution, nn.Conv2d)  # as planned
                convolution.stride = (1, 1)
                after = part.name.replace("conv", "relu")
                setattr(block, after, nn.Sequential(block.get_submodule(after), Blur()))
    if network.spec.pool is StemPool.MAX:
        blurred.add_module("maxpool", nn.Sequential(nn.MaxPool2d(3, 1, 1), Blur()))
    return blurred


def _may_blur(spec: NetworkSpec) -> bool:
    """Whether a spec has strides where networks with blurs have those."""
    inside = spec.block is Block.BASIC or spec.stride_on is StrideOn.CONV_3X3
    usual = spec.order is Order.POST and spec.edges is Edges.BOTH
    return inside and usual and spec.stride_in is StrideIn.FIRST and len(spec.depths) > 1
