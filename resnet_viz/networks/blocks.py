"""One residual block, or the same block without its shortcut.

y = relu(F(x) + x), with F a basic or a bottleneck branch (He 2015, sec. 3.2 and fig. 5). Every
value worth seeing has a name, each module is called once, and nothing works in place, so that a
tap sees what really flows.
"""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.networks.shortcuts import Projection, shortcut
from resnet_viz.spec import Block as BlockForm
from resnet_viz.spec import Shortcut

#: Sees every named value of a forward pass; what it returns flows on.
Tap = Callable[[str, Tensor], Tensor]


def untapped(name: str, value: Tensor) -> Tensor:
    """The tap that looks at nothing."""
    return value


class Join(nn.Module):
    """The addition of branch and shortcut."""

    def forward(
        self, branch: Float[Tensor, "batch c h w"], shortcut: Float[Tensor, "batch c h w"]
    ) -> Float[Tensor, "batch c h w"]:
        return branch + shortcut


class Block(nn.Module):
    """A block with torchvision's state-dict keys (conv1, bn1, ..., downsample).

    Taps: every module by its own name, and ``.branch`` = F(x), ``.shortcut``, ``.join`` = F(x) +
    shortcut and ``.relu``; the block's own name is its output. A plain block
    has neither ``.shortcut`` nor ``.join``.
    """

    def __init__(
        self,
        name: str,
        form: BlockForm,
        option: Shortcut,
        in_channels: int,
        width: int,
        stride: int,
    ) -> None:
        super().__init__()
        self.name = name
        self.out_channels = width * form.expansion
        branch: list[str] = []
        channels = in_channels
        plan = _branch_plan(form, width, stride)
        for number, (kernel, step, out) in enumerate(plan, 1):
            conv = nn.Conv2d(channels, out, kernel, step, kernel // 2, bias=False)
            parts = {f"conv{number}": conv, f"bn{number}": nn.BatchNorm2d(out)}
            if number < len(plan):
                parts[f"relu{number}"] = nn.ReLU()
            for part, module in parts.items():
                self.add_module(part, module)
            branch += parts
            channels = out
        self.branch_parts = tuple(branch)
        self.downsample = shortcut(option, in_channels, self.out_channels, stride)
        self.shortcut_parts = _parts("downsample", self.downsample)
        self.join = None if self.downsample is None else Join()
        self.relu = nn.ReLU()

    def tap_names(self) -> list[str]:
        """What ``forward`` shows to a tap, in order."""
        around = [] if self.downsample is None else [*self.shortcut_parts, "shortcut", "join"]
        parts = [*self.branch_parts, "branch", *around, "relu"]
        return [f"{self.name}.{part}" for part in parts] + [self.name]

    def forward(
        self, x: Float[Tensor, "batch in h w"], tap: Tap = untapped
    ) -> Float[Tensor, "batch out hs ws"]:
        value = x
        for part in self.branch_parts:
            value = tap(f"{self.name}.{part}", getattr(self, part)(value))
        value = tap(f"{self.name}.branch", value)
        if self.join is not None:
            around = x.view_as(x)  # a value of its own: its gradient is not the branch's
            for part in self.shortcut_parts:
                around = tap(f"{self.name}.{part}", self.get_submodule(part)(around))
            around = tap(f"{self.name}.shortcut", around)
            value = tap(f"{self.name}.join", self.join(value, around))
        return tap(self.name, tap(f"{self.name}.relu", self.relu(value)))


def _parts(name: str, module: nn.Module | None) -> tuple[str, ...]:
    if isinstance(module, Projection):
        return tuple(f"{name}.{child}" for child, _ in module.named_children())
    return () if module is None else (name,)


def _branch_plan(form: BlockForm, width: int, stride: int) -> tuple[tuple[int, int, int], ...]:
    """(kernel, stride, output channels) of each convolution; the stride is on a 3x3."""
    match form:
        case BlockForm.BASIC:
            return (3, stride, width), (3, 1, width)
        case BlockForm.BOTTLENECK:
            return (1, 1, width), (3, stride, width), (1, 1, width * form.expansion)
