"""From a spec to a network: ``build``."""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.networks.blocks import Block, Tap, conv2d, untapped
from resnet_viz.networks.initialise import initialise
from resnet_viz.networks.parts import Shift, activation, norm
from resnet_viz.spec import NetworkSpec, Order
from resnet_viz.spec.plan import Plan, plan


class ResNet(nn.Module):
    """A residual network or its plain twin, with torchvision's names and state-dict keys.

    ``forward(images, tap)`` shows every named value to ``tap``; no hooks are needed, so threads
    can share one network.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__()
        self.spec = spec
        layout = plan(spec)
        first = dict(_stem(spec, layout))
        for name, module in first.items():
            self.add_module(name, module)
        self.stem = tuple(first)
        for stage in range(1, len(spec.depths) + 1):
            own = [Block(spec, block) for block in layout.blocks if block.stage == stage]
            self.add_module(f"layer{stage}", nn.Sequential(*own))
        last = dict(_last(spec, layout.out_channels))
        for name, module in last.items():
            self.add_module(name, module)
        self.last = tuple(last)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(layout.out_channels, spec.classes)

    def blocks(self) -> Iterator[Block]:
        """The blocks in order of execution."""
        for name in self.spec.blocks():
            block = self.get_submodule(name)
            assert isinstance(block, Block)
            yield block

    def tap_names(self) -> list[str]:
        """What ``forward`` shows to a tap, in order of execution."""
        inside = [name for block in self.blocks() for name in block.tap_names()]
        return [*self.stem, *inside, *self.last, "avgpool", "fc"]

    def forward(
        self, images: Float[Tensor, "batch channel height width"], tap: Tap = untapped
    ) -> Float[Tensor, "batch classes"]:
        value = images
        for part in self.stem:
            value = tap(part, getattr(self, part)(value))
        for block in self.blocks():
            value = block(value, tap)
        for part in self.last:
            value = tap(part, getattr(self, part)(value))
        value = tap("avgpool", self.avgpool(value))
        logits: Tensor = tap("fc", self.fc(value.flatten(1)))
        return logits


def _stem(spec: NetworkSpec, layout: Plan) -> Iterator[tuple[str, nn.Module]]:
    """What stands before the first block; a pre-activation block brings its own activation."""
    yield "conv1", conv2d(layout.stem)
    if spec.order is Order.POST:
        if (normal := norm(spec, layout.stem.out_channels)) is not None:
            yield "bn1", normal
        if spec.fixup:
            yield "shift1", Shift()
        yield "relu", activation(spec)
    if layout.pool:
        yield "maxpool", nn.MaxPool2d(3, 2, 1)


def _last(spec: NetworkSpec, channels: int) -> Iterator[tuple[str, nn.Module]]:
    """What stands behind the last block: the activation that a pre-activation block leaves out."""
    if spec.order is Order.PRE:
        if (normal := norm(spec, channels)) is not None:
            yield "bn_last", normal
        yield "relu_last", activation(spec)
    if spec.fixup:
        yield "shift_last", Shift()


def build(spec: NetworkSpec, *, seed: int) -> ResNet:
    """The network of a spec, on the CPU, in training mode; spec and seed decide every weight.

    Pure: the global random state is neither read nor moved. Each layer is drawn from the seed and
    its own name, so a residual network and its plain twin share every weight that both have.
    """
    with torch.device("meta"):
        network = ResNet(spec)
    network.to_empty(device="cpu")
    initialise(network, seed)
    return network
