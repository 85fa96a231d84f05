"""The lines of exported source that stand for single parts."""

from resnet_viz.spec import Activation, NetworkSpec, Norm, Shortcut
from resnet_viz.spec.parts import Part, PartKind
from resnet_viz.spec.plan import plan

_ACTIVATIONS = {
    Activation.RELU: "torch.relu",
    Activation.TANH: "torch.tanh",
    Activation.SIGMOID: "torch.sigmoid",
    Activation.GELU: "nn.functional.gelu",
}

_ZERO_PAD = '''def zero_pad(x, channels, stride):
    """Every second pixel, and zero channels on both sides: a shortcut without weights."""
    missing = channels - x.shape[1]
    x = x[:, :, ::stride, ::stride]
    return nn.functional.pad(x, (0, 0, 0, 0, missing // 2, missing - missing // 2))'''

_DROP = '''def drop(x, chance, training):
    """Stochastic depth: in training the whole branch is zero with this chance."""
    if not training:
        return x
    kept = torch.rand((), device=x.device) >= chance
    return x * (kept / (1 - chance))'''

_SCALE = '''class Scale(nn.Module):
    """One learned factor."""

    def __init__(self, first):
        super().__init__()
        self.weight = nn.Parameter(torch.full((1,), float(first)))

    def forward(self, x):
        return x * self.weight'''

_SHIFT = '''class Shift(nn.Module):
    """One learned number that is added."""

    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return x + self.bias'''


def helpers(spec: NetworkSpec) -> list[str]:
    """The small functions and classes that this network needs."""
    kinds = {part.kind for part in plan(spec).blocks[-1].branch}
    wanted = {
        _ZERO_PAD: spec.shortcut is Shortcut.ZERO_PAD,
        _DROP: PartKind.DROP in kinds,
        _SCALE: PartKind.SCALE in kinds,
        _SHIFT: PartKind.SHIFT in kinds,
    }
    return [piece for piece, needed in wanted.items() if needed]


def activate(spec: NetworkSpec, value: str) -> str:
    """The activation of a value."""
    return f"{_ACTIVATIONS[spec.activation]}({value})"


def norm_line(spec: NetworkSpec, channels: str) -> str:
    """A normalisation of so many channels."""
    match spec.norm:
        case Norm.GROUP:
            return f"nn.GroupNorm(math.gcd(32, {channels}), {channels})"
        case Norm.LAYER:
            return f"nn.GroupNorm(1, {channels})"
    return f"nn.BatchNorm2d({channels})"


def convolution(part: Part, before: str, behind: str, stride: str) -> str:
    """A convolution without bias; what is PyTorch's default is left out."""
    assert part.convolution is not None
    kernel, groups = part.convolution.kernel, part.convolution.groups
    arguments = [before, behind, str(kernel)]
    arguments += [] if stride == "1" else [stride]
    arguments += [f"padding={kernel // 2}"] if kernel > 1 else []
    arguments += [f"groups={groups}"] if groups > 1 else []
    return f"nn.Conv2d({', '.join(arguments)}, bias=False)"


def parts_used(spec: NetworkSpec, parts: tuple[Part, ...], before: str) -> list[str]:
    """The lines that make the modules before and behind the blocks."""
    lines = []
    for part in parts:
        channels = str(part.channels)
        match part.kind:
            case PartKind.CONVOLUTION if part.convolution is not None:
                made = convolution(part, before, channels, str(part.convolution.stride))
            case PartKind.NORM:
                made = norm_line(spec, channels)
            case PartKind.SHIFT:
                made = "Shift()"
            case _:
                continue
        lines.append(f"self.{part.name} = {made}")
        before = channels
    return lines
