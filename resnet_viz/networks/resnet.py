"""From a spec to a network: ``build``."""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.networks.blocks import Block, Tap, untapped
from resnet_viz.networks.initialise import initialise
from resnet_viz.spec import NetworkSpec, Stem


class ResNet(nn.Module):
    """A residual network or its plain twin, with torchvision's names and state-dict keys.

    ``forward(images, tap)`` shows every named value to ``tap``; no hooks are needed, so threads
    can share one network.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__()
        self.spec = spec
        imagenet = spec.stem is Stem.IMAGENET
        channels = spec.widths[0]
        kernel, stride = (7, 2) if imagenet else (3, 1)
        self.conv1 = nn.Conv2d(
            spec.input_channels, channels, kernel, stride, kernel // 2, bias=False
        )
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
        self.stem: tuple[str, ...] = ("conv1", "bn1", "relu")
        if imagenet:
            self.maxpool = nn.MaxPool2d(3, 2, 1)
            self.stem += ("maxpool",)
        for stage, (depth, width) in enumerate(zip(spec.depths, spec.widths, strict=True), 1):
            blocks = []
            for index in range(depth):
                step = 2 if index == 0 and stage > 1 else 1
                name = f"layer{stage}.{index}"
                blocks.append(Block(name, spec.block, spec.shortcut, channels, width, step))
                channels = blocks[-1].out_channels
            self.add_module(f"layer{stage}", nn.Sequential(*blocks))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, spec.classes)

    def blocks(self) -> Iterator[Block]:
        """The blocks in order of execution."""
        for name in self.spec.blocks():
            block = self.get_submodule(name)
            assert isinstance(block, Block)
            yield block

    def tap_names(self) -> list[str]:
        """What ``forward`` shows to a tap, in order of execution."""
        inside = [name for block in self.blocks() for name in block.tap_names()]
        return [*self.stem, *inside, "avgpool", "fc"]

    def forward(
        self, images: Float[Tensor, "batch channel height width"], tap: Tap = untapped
    ) -> Float[Tensor, "batch classes"]:
        value = images
        for part in self.stem:
            value = tap(part, getattr(self, part)(value))
        for block in self.blocks():
            value = block(value, tap)
        value = tap("avgpool", self.avgpool(value))
        logits: Tensor = tap("fc", self.fc(value.flatten(1)))
        return logits


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
