"""One residual block, or the same block without its shortcut.

y = relu(F(x) + x), with F a basic or a bottleneck branch (He 2015, sec. 3.2 and fig. 5), or
y = F(x) + x with the activations inside F (pre-activation, He 2016, fig. 4e). Every value worth
seeing has a name, each module is called once, and nothing works in place, so that a tap sees what
really flows.
"""

from collections.abc import Callable, Iterator

from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.networks.parts import DropBranch, Join, Scale, Shift, activation, norm
from resnet_viz.networks.shortcuts import Projection, shortcut
from resnet_viz.spec import NetworkSpec, Order
from resnet_viz.spec.plan import BlockPlan, Convolution, Way

#: Sees every named value of a forward pass; what it returns flows on.
Tap = Callable[[str, Tensor], Tensor]


def untapped(name: str, value: Tensor) -> Tensor:
    """The tap that looks at nothing."""
    return value


class Block(nn.Module):
    """A block with torchvision's state-dict keys (conv1, bn1, ..., downsample).

    ``bn1`` normalises, and ``relu1`` is an activation, whichever ones the spec names. Taps: every
    module by its own name, and ``.branch`` = F(x), ``.shortcut`` (times lambda), ``.join`` =
    branch + shortcut and ``.relu``; the block's own name is its output. A plain block has neither
    ``.shortcut`` nor ``.join``, a pre-activation block no ``.relu``. There a projection reads the
    activated input, as in the source (He 2016, fig. 4e; its first unit of a stage).
    """

    def __init__(self, spec: NetworkSpec, plan: BlockPlan) -> None:
        super().__init__()
        self.name = plan.name
        branch = dict(_branch(spec, plan))
        for part, module in branch.items():
            self.add_module(part, module)
        self.branch_parts = tuple(branch)
        self.downsample = shortcut(spec, plan)
        self.shortcut_parts = _parts("downsample", self.downsample)
        self.shortcut_scale = spec.shortcut_scale
        self.join = None if self.downsample is None else Join()
        post = spec.order is Order.POST
        self.relu = activation(spec) if post else None
        activated = not post and plan.way is Way.PROJECTION
        self.shortcut_from = "relu1" if activated else None  # the part it reads; None: the input

    def tap_names(self) -> list[str]:
        """What ``forward`` shows to a tap, in order."""
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
        around = x.view_as(x)  # a value of its own: its gradient is not the branch's
        for part in self.shortcut_parts:
            around = tap(f"{self.name}.{part}", self.get_submodule(part)(around))
        if self.shortcut_scale != 1:
            around = around * self.shortcut_scale
        return tap(f"{self.name}.shortcut", around)


def _parts(name: str, module: nn.Module | None) -> tuple[str, ...]:
    if isinstance(module, Projection):
        return tuple(f"{name}.{child}" for child, _ in module.named_children())
    return () if module is None else (name,)


def _branch(spec: NetworkSpec, plan: BlockPlan) -> Iterator[tuple[str, nn.Module]]:
    """The branch's modules by name, in order of execution."""
    if spec.order is Order.PRE:
        yield from _pre_activation(spec, plan)
    elif spec.fixup:
        yield from _fixup(spec, plan)
    else:
        yield from _post_activation(spec, plan)
    if spec.branch_scale is not None:
        yield "scale", Scale(spec.branch_scale)
    if plan.drop:
        yield "drop", DropBranch(plan.drop)


def _post_activation(spec: NetworkSpec, plan: BlockPlan) -> Iterator[tuple[str, nn.Module]]:
    last = len(plan.convolutions)
    for number, convolution in enumerate(plan.convolutions, 1):
        yield f"conv{number}", conv2d(convolution)
        if (normal := norm(spec, convolution.out_channels)) is not None:
            yield f"bn{number}", normal
        if number < last:
            yield f"relu{number}", activation(spec)


def _pre_activation(spec: NetworkSpec, plan: BlockPlan) -> Iterator[tuple[str, nn.Module]]:
    for number, convolution in enumerate(plan.convolutions, 1):
        if (normal := norm(spec, convolution.in_channels)) is not None:
            yield f"bn{number}", normal
        yield f"relu{number}", activation(spec)
        yield f"conv{number}", conv2d(convolution)


def _fixup(spec: NetworkSpec, plan: BlockPlan) -> Iterator[tuple[str, nn.Module]]:
    """A number added before every layer, and one factor at the end (Zhang 2019, fig. 1)."""
    last = len(plan.convolutions)
    for number, convolution in enumerate(plan.convolutions, 1):
        yield f"shift{number}a", Shift()
        yield f"conv{number}", conv2d(convolution)
        if number < last:
            yield f"shift{number}b", Shift()
            yield f"relu{number}", activation(spec)
    yield "scale", Scale(1.0)
    yield f"shift{last}b", Shift()


def conv2d(plan: Convolution) -> nn.Conv2d:
    """A planned convolution, without bias."""
    return nn.Conv2d(
        plan.in_channels,
        plan.out_channels,
        plan.kernel,
        plan.stride,
        plan.kernel // 2,
        groups=plan.groups,
        bias=False,
    )
