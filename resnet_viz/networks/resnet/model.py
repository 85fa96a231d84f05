"""From a spec to a network: ``build``."""

from collections.abc import Iterable, Iterator, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.networks.allocation import allocate
from resnet_viz.networks.resnet.blocks import ResidualBlock, Tap, untapped
from resnet_viz.networks.resnet.initialise import initialise
from resnet_viz.networks.resnet.modules import module
from resnet_viz.networks.tables.totals import check_size
from resnet_viz.spec import NetworkSpec
from resnet_viz.spec.parts import Part
from resnet_viz.spec.plan import plan


class ResNet(nn.Module):
    """A residual network or its plain twin, with torchvision's names and state-dict keys.

    ``forward(images, tap)`` passes every named value to ``tap``; no hooks are needed, so threads
    can share one network. ``images`` are float32 (batch, channels, height, width), normalised as
    the weights expect; the logits are (batch, classes).
    """

    avgpool: nn.AdaptiveAvgPool2d
    fc: nn.Linear

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__()
        self.spec = spec
        layout = plan(spec)
        self._add(layout.stem, spec.input_channels)
        for stage in range(1, len(spec.depths) + 1):
            own = [ResidualBlock(spec, block) for block in layout.blocks if block.stage == stage]
            self.add_module(f"layer{stage}", nn.Sequential(*own))
        self._add((*layout.last, *layout.head), layout.out_channels)
        self.stem = tuple(part.name for part in layout.stem)
        self.last = tuple(part.name for part in layout.last)

    def _add(self, parts: Iterable[Part], channels: int) -> None:
        for part in parts:
            self.add_module(part.name, module(self.spec, part, channels))
            channels = part.channels

    def blocks(self) -> Iterator[ResidualBlock]:
        """The blocks in order of execution."""
        for name in self.spec.blocks():
            block = self.get_submodule(name)
            assert isinstance(block, ResidualBlock)
            yield block

    def tap_names(self) -> list[str]:
        """The names that ``forward`` passes to a tap, in order of execution."""
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


def build(spec: NetworkSpec, *, seed: int) -> ResNet:
    """Build the network of a spec on the CPU, in training mode.

    The global random state is neither read nor changed. Each layer is drawn from the seed and its
    name, so a residual network and its plain twin share every weight that both have.

    Parameters
    ----------
    spec
        The network.
    seed
        Decides every initial weight, together with ``spec``.

    Raises
    ------
    SpecError
        For a network that is too large to build, before any memory is allocated.

    """
    network = _unfilled(spec)
    initialise(network, spec, seed)
    return network


def filled(network: ResNet, tensors: Mapping[str, Tensor]) -> ResNet:
    """Give a network that was built on ``meta`` copies of these tensors, and return it.

    ``tensors`` has every tensor of ``ResNet.state_dict``, of its shape; nothing is drawn.
    """
    own = network.state_dict()
    copies = {
        name: tensors[name].to(own[name].dtype, memory_format=torch.contiguous_format, copy=True)
        for name in own
    }
    network.load_state_dict(copies, assign=True)
    return network


def _unfilled(spec: NetworkSpec) -> ResNet:
    check_size(spec)
    with torch.device("meta"):
        network = ResNet(spec)
    allocate(network)
    return network
