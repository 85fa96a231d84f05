"""One residual block, or the same block without its shortcut.

y = relu(F(x) + x), with F a basic or a bottleneck branch (He 2015, sec. 3.2 and fig. 5), or
y = F(x) + x with the activations inside F (pre-activation, He 2016, fig. 4e). Every relevant
value has a name, each module is called once, and nothing works in place, so that a tap sees every
value as it was computed.
"""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.networks.resnet.modules import Join, activation, module
from resnet_viz.networks.resnet.shortcuts import Projection
from resnet_viz.spec import NetworkSpec
from resnet_viz.spec.plan import BlockPlan, Way

#: Called with every named value of a forward pass; its result replaces the value.
Tap = Callable[[str, Tensor], Tensor]


def untapped(name: str, value: Tensor) -> Tensor:
    """A tap that returns each value unchanged."""
    return value


class ResidualBlock(nn.Module):
    """A block with torchvision's state-dict keys (conv1, bn1, ..., downsample).

    ``bn1`` normalises, and ``relu1`` is an activation, whichever ones the spec names. Taps: every
    module by its own name, and ``.branch`` = F(x), ``.shortcut`` (times lambda), ``.join`` =
    branch + shortcut and ``.relu``; the block's own name is its output. A plain block has neither
    ``.shortcut`` nor ``.join``, a pre-activation block no ``.relu``. There a projection reads the
    activated input, as in the source (He 2016, fig. 4e; its first unit of a stage).
    """

    def __init__(self, spec: NetworkSpec, plan: BlockPlan) -> None:
        super().__init__()
        self.plan = plan
        self.name = plan.name
        channels = plan.in_channels
        for part in plan.branch:
            self.add_module(part.name, module(spec, part, channels))
            channels = part.channels
        self.branch_parts = tuple(part.name for part in plan.branch)
        self.shortcut_parts = tuple(part.name for part in plan.around)
        self.shortcut_from = plan.around_from
        self.shortcut_scale = spec.shortcut_scale
        self.downsample = _shortcut(spec, plan)
        self.join = None if self.downsample is None else Join()
        self.relu = activation(spec) if plan.after else None

    def tap_names(self) -> list[str]:
        """The names that ``forward`` passes to a tap, in order."""
        around = [] if self.downsample is None else [*self.shortcut_parts, "shortcut", "join"]
        last = [] if self.relu is None else ["relu"]
        parts = [*self.branch_parts, "branch", *around, *last]
        return [f"{self.name}.{part}" for part in parts] + [self.name]

    def forward(
        self, x: Float[Tensor, "batch in h w"], tap: Tap = untapped
    ) -> Float[Tensor, "batch out hs ws"]:
        value = around = x
        for part in self.branch_parts:
            value = tap(f"{self.name}.{part}", getattr(self, part)(value))
            if part == self.shortcut_from:
                around = value
        value = tap(f"{self.name}.branch", value)
        if self.join is not None:
            value = tap(f"{self.name}.join", self.join(value, self._around(around, tap)))
        if self.relu is not None:
            value = tap(f"{self.name}.relu", self.relu(value))
        return tap(self.name, value)

    def _around(self, x: Tensor, tap: Tap) -> Tensor:
        around = x.view_as(x)  # a separate tensor: its gradient excludes the branch's
        for part in self.shortcut_parts:
            around = tap(f"{self.name}.{part}", self.get_submodule(part)(around))
        if self.shortcut_scale != 1:
            around = around * self.shortcut_scale
        return tap(f"{self.name}.shortcut", around)


def _shortcut(spec: NetworkSpec, plan: BlockPlan) -> nn.Module | None:
    """The shortcut's module; None in a plain network."""
    modules = [module(spec, part, plan.in_channels) for part in plan.around]
    match plan.way:
        case Way.NONE:
            return None
        case Way.IDENTITY | Way.PADDING:
            return modules[0]
        case Way.PROJECTION:
            return Projection(*modules)
