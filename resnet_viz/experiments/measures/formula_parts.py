"""What tutorials say of a network's parts, beside what the parts are: its head, a bottleneck."""

import torch
from jaxtyping import Float
from torch import Tensor

from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.networks.tables.layer_table import layer_table
from resnet_viz.records import BottleneckFormula, HeadFormula
from resnet_viz.spec import Block, NetworkSpec

_SQUEEZED = 4  # channels of a bottleneck per channel of its 3x3 (He 2015, sec. 4.1)


@torch.no_grad()
def head_formula(
    network: ResNet,
    pooled: Float[Tensor, "batch channel 1 1"],
    logits: Float[Tensor, "batch classes"],
) -> HeadFormula:
    """Check p = softmax(W z + b) on the pooled maps z of a batch, in double precision."""
    weight, bias = network.fc.weight.double(), network.fc.bias.double()
    computed = (pooled.flatten(1).double() @ weight.T + bias).softmax(1)
    measured = logits.double().softmax(1)
    return HeadFormula(
        channels=network.fc.in_features,
        classes=network.fc.out_features,
        parameters=weight.numel() + bias.numel(),
        error=float((computed - measured).norm() / measured.norm()),
    )


def bottleneck_formula(channels: int) -> BottleneckFormula:
    """Count the weights of a bottleneck, and of two 3x3 convolutions of the same channels.

    Parameters
    ----------
    channels
        What goes into the block and comes out; rounded to a multiple of four.

    """
    inside = max(1, channels // _SQUEEZED)
    return BottleneckFormula(
        channels=_SQUEEZED * inside,
        two_3x3=_convolutions(Block.BASIC, _SQUEEZED * inside),
        bottleneck=_convolutions(Block.BOTTLENECK, inside),
    )


def _convolutions(block: Block, width: int) -> int:
    """Return the weights of a block's convolutions, where it keeps the shape."""
    spec = NetworkSpec(block=block, depths=(2,), widths=(width,))
    rows = layer_table(spec)
    return sum(row.parameters for row in rows
               if row.kind == "Conv2d" and row.name.startswith("layer1.1."))  # fmt: skip
