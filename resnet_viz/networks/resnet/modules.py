"""The modules of blocks, built as the spec specifies."""

import math
from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.networks.resnet.shortcuts import ZeroPad
from resnet_viz.spec import Activation, Edges, NetworkSpec, Norm
from resnet_viz.spec.parts import Convolution, Part, PartKind

_GROUPS = 32  # Wu and He 2018 (arXiv 1803.08494), sec. 3.1


def norm(spec: NetworkSpec, channels: int) -> nn.Module:
    """A new module that normalises ``channels`` channels; identity where the spec has none."""
    match spec.norm:
        case Norm.BATCH:
            return nn.BatchNorm2d(channels)
        case Norm.GROUP:
            return nn.GroupNorm(math.gcd(_GROUPS, channels), channels)
        case Norm.LAYER:
            return nn.GroupNorm(1, channels)
        case Norm.NONE:
            return nn.Identity()


def activation(spec: NetworkSpec) -> nn.Module:
    """A new module for the spec's nonlinearity."""
    match spec.activation:
        case Activation.RELU:
            return nn.ReLU()
        case Activation.TANH:
            return nn.Tanh()
        case Activation.SIGMOID:
            return nn.Sigmoid()
        case Activation.GELU:
            return nn.GELU()
        case Activation.SILU:
            return nn.SiLU()
        case Activation.ELU:
            return nn.ELU()


def conv2d(plan: Convolution | None, edges: Edges = Edges.BOTH) -> nn.Conv2d:
    """A planned convolution."""
    assert plan is not None
    behind = plan.pads_behind(edges)
    return (SameConv2d if behind else nn.Conv2d)(
        plan.in_channels,
        plan.out_channels,
        plan.kernel,
        plan.stride,
        0 if behind else plan.kernel // 2,
        groups=plan.groups,
        bias=plan.bias,
    )


class SameConv2d(nn.Conv2d):
    """A convolution that pads as TensorFlow's "same": as little as possible, behind first."""

    def forward(self, x: Float[Tensor, "batch in h w"]) -> Float[Tensor, "batch out hs ws"]:
        pads = []
        for side, kernel, stride in zip(
            reversed(x.shape[2:]), reversed(self.kernel_size), reversed(self.stride), strict=True
        ):
            missing = max((math.ceil(side / stride) - 1) * stride + kernel - side, 0)
            pads += [missing // 2, missing - missing // 2]
        return super().forward(nn.functional.pad(x, pads))


class ZeroEdgeMaxPool2d(nn.MaxPool2d):
    """A max pool for which zeros around the image are values: Keras pads before it pools."""

    def forward(self, x: Float[Tensor, "batch c h w"]) -> Float[Tensor, "batch c hs ws"]:
        pooled: Tensor = super().forward(nn.functional.pad(x, (1, 1, 1, 1)))
        return pooled


class SqueezeExcitation(nn.Module):
    """SE: x s(W2 relu(W1 mean(x))), with s the logistic function (Hu 2018, eq. 3 and 4).

    The names are timm's.
    """

    def __init__(self, channels: int, inside: int, *, bias: bool) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, inside, 1, bias=bias)
        self.fc2 = nn.Conv2d(inside, channels, 1, bias=bias)

    def forward(self, x: Float[Tensor, "batch c h w"]) -> Float[Tensor, "batch c h w"]:
        means = x.mean((2, 3), keepdim=True)
        weights: Tensor = self.fc2(self.fc1(means).relu()).sigmoid()
        return x * weights


class ChannelConvolution(nn.Module):
    """ECA: x s(w * mean(x)), with s the logistic function (Wang 2020, eq. 9).

    w * is a convolution along the channels.
    """

    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: Float[Tensor, "batch c h w"]) -> Float[Tensor, "batch c h w"]:
        means = x.mean((2, 3)).unsqueeze(1)
        weights: Tensor = self.conv(means).sigmoid()
        return x * weights.transpose(1, 2).unsqueeze(3)


class Scale(nn.Module):
    """One learned factor for all values, initially ``first`` (SkipInit's alpha)."""

    def __init__(self, first: float) -> None:
        super().__init__()
        self.first = first
        self.weight = nn.Parameter(torch.empty(1))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the initial value."""
        nn.init.constant_(self.weight, self.first)

    def forward(self, x: Float[Tensor, "batch c h w"]) -> Float[Tensor, "batch c h w"]:
        return x * self.weight


class Shift(nn.Module):
    """One learned number added to all values, initially zero (Fixup's scalar bias)."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.empty(1))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set zero."""
        nn.init.zeros_(self.bias)

    def forward(self, x: Float[Tensor, "batch c h w"]) -> Float[Tensor, "batch c h w"]:
        return x + self.bias


class DropBranch(nn.Module):
    """Stochastic depth (Huang 2016, arXiv 1603.09382): in training a whole branch is zero.

    The branch is zero for the whole batch with probability ``chance``, and divided by
    1 - ``chance`` otherwise, so that evaluation needs no scaling. The paper scales in evaluation
    instead; the expected value is the same.
    """

    def __init__(self, chance: float) -> None:
        super().__init__()
        self.chance = chance

    def forward(self, x: Float[Tensor, "batch c h w"]) -> Float[Tensor, "batch c h w"]:
        if not self.training:
            return x
        is_active = torch.rand((), device=x.device) >= self.chance
        return x * (is_active / (1 - self.chance))


class Join(nn.Module):
    """The sum of branch and shortcut."""

    def forward(
        self, branch: Float[Tensor, "batch c h w"], shortcut: Float[Tensor, "batch c h w"]
    ) -> Float[Tensor, "batch c h w"]:
        return branch + shortcut


def module(spec: NetworkSpec, part: Part, in_channels: int) -> nn.Module:
    """A new module for a planned part that reads ``in_channels`` channels."""
    return _MAKE[part.kind](spec, part, in_channels)


_MAKE: Mapping[PartKind, Callable[[NetworkSpec, Part, int], nn.Module]] = {
    PartKind.CONVOLUTION: lambda spec, part, channels: conv2d(part.convolution, spec.edges),
    PartKind.NORM: lambda spec, part, channels: norm(spec, part.channels),
    PartKind.ACTIVATION: lambda spec, part, channels: activation(spec),
    PartKind.SCALE: lambda spec, part, channels: Scale(part.value),
    PartKind.SHIFT: lambda spec, part, channels: Shift(),
    PartKind.DROP: lambda spec, part, channels: DropBranch(part.value),
    PartKind.IDENTITY: lambda spec, part, channels: nn.Identity(),
    PartKind.PAD: lambda spec, part, channels: ZeroPad(
        channels, part.channels, part.stride, spec.padding
    ),
    PartKind.JOIN: lambda spec, part, channels: Join(),
    PartKind.MAX_POOL: lambda spec, part, channels: nn.MaxPool2d(3, 2, 1),
    PartKind.MAX_POOL_ZEROS: lambda spec, part, channels: ZeroEdgeMaxPool2d(3, 2),
    PartKind.AVERAGE_POOL: lambda spec, part, channels: nn.AvgPool2d(
        2, ceil_mode=True, count_include_pad=False
    ),
    PartKind.SQUEEZE: lambda spec, part, channels: SqueezeExcitation(
        channels, part.size, bias=part.bias
    ),
    PartKind.NEIGHBOURS: lambda spec, part, channels: ChannelConvolution(part.size),
    PartKind.AVERAGE: lambda spec, part, channels: nn.AdaptiveAvgPool2d(1),
    PartKind.LINEAR: lambda spec, part, channels: nn.Linear(channels, part.channels),
}
