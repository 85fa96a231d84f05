"""Costs of a whole network: parameters, multiply-accumulates, training memory, shortcuts."""

from dataclasses import dataclass
from itertools import pairwise

from resnet_viz.core.errors import SpecError
from resnet_viz.networks.tables.layer_table import image_of, layer_table
from resnet_viz.records import Layer
from resnet_viz.spec import NetworkSpec
from resnet_viz.spec.plan import parameter_count

MOST_PARAMETERS = 500_000_000  # 2 GB in single precision; wide_resnet101_2 has 127 million

#: Backward needs these layers' inputs (a pool's in order to send each gradient to its maximum).
_KEEP_INPUT = {
    "Conv2d", "Linear", "BatchNorm2d", "GroupNorm", "GELU", "SiLU", "ELU", "Scale",
    "MaxPool2d", "SqueezeExcitation", "ChannelConvolution",
}  # fmt: skip
#: Backward needs these layers' outputs.
_KEEP_OUTPUT = {"ReLU", "Tanh", "Sigmoid"}


@dataclass(frozen=True)
class Totals:
    """The costs of one network. ``macs`` are those of one image's forward pass."""

    depth: int
    parameters: int
    macs: int
    kept: int  # bytes per image that the forward pass keeps for backward
    largest: int  # bytes per image of the two largest consecutive values: gradients in flight

    def training_memory(self, batch: int) -> int:
        """Approximate peak memory in bytes of an SGD step with momentum, in single precision.

        Counts weights, their gradients and momenta, the values kept by the forward pass, and the
        gradients in flight. The workspace of convolutions depends on the device and is left out.
        """
        return 12 * self.parameters + batch * (self.kept + self.largest)


@dataclass(frozen=True)
class ShortcutCost:
    """Costs of a network's shortcuts alone: the network minus its plain twin."""

    parameters: int
    macs: int
    kept: int  # bytes per image


def totals(spec: NetworkSpec) -> Totals:
    """The costs of a spec, from its layer table; no network is built."""
    rows = layer_table(spec)
    return Totals(
        depth=spec.depth,
        parameters=sum(row.parameters for row in rows),
        macs=sum(row.macs for row in rows),
        kept=_kept(rows, image_of(spec)),
        largest=_largest(rows),
    )


def shortcut_cost(spec: NetworkSpec) -> ShortcutCost:
    """The costs of a spec's shortcuts; option A costs nothing."""
    own, twin = totals(spec), totals(spec.plain())
    return ShortcutCost(
        own.parameters - twin.parameters, own.macs - twin.macs, own.kept - twin.kept
    )


def check_size(spec: NetworkSpec) -> None:
    """Raise ``SpecError`` for a spec with more than ``MOST_PARAMETERS`` parameters."""
    parameters = parameter_count(spec)
    if parameters > MOST_PARAMETERS:
        raise SpecError(
            "spec_parameters",
            parameters=round(parameters / 1e6),
            most=round(MOST_PARAMETERS / 1e6),
        )


def _kept(rows: list[Layer], image: Layer) -> int:
    """Bytes of the values that backward needs, each once, and of the pool's indices."""
    values = {row.name: row for row in (image, *rows)}
    needed = {name: row.kind in _KEEP_OUTPUT for name, row in values.items()}
    for row in rows:
        if row.kind in _KEEP_INPUT:
            needed[row.inputs[0]] = True
    pools = ("MaxPool2d", "ZeroEdgeMaxPool2d")
    places = sum(2 * row.memory for row in rows if row.kind in pools)  # 64-bit indices
    places += sum(_weighed(row) for row in rows)
    copies = ("SameConv2d", "ZeroEdgeMaxPool2d")
    padded = sum(_padded(row, values[row.inputs[0]]) for row in rows if row.kind in copies)
    return places + padded + sum(row.memory for row in values.values() if needed[row.name])


def _weighed(row: Layer) -> int:
    """Bytes of the means, of the hidden layer and of the weights of channels."""
    channels = row.shape[0]
    match row.kind:
        case "SqueezeExcitation":
            return 4 * (2 * channels + row.macs // (2 * channels))
        case "ChannelConvolution":
            return 8 * channels
    return 0


def _padded(row: Layer, before: Layer) -> int:
    """Bytes of the padded copy of its input that a layer with edges of its own keeps."""
    if row.kind == "ZeroEdgeMaxPool2d":
        return 4 * before.shape[0] * (before.shape[-1] + 2) ** 2
    stride = row.stride // before.stride
    kernel = (row.receptive_max - before.receptive_max) // before.stride + 1
    side = max(before.shape[-1], (row.shape[-1] - 1) * stride + kernel)
    return 4 * before.shape[0] * side**2


def _largest(rows: list[Layer]) -> int:
    return max(a.memory + b.memory for a, b in pairwise(rows))
