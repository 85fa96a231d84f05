"""Lines of exported source: the modules of parts, and calls of them."""

from resnet_viz.spec import Activation, Edges, NetworkSpec, Norm
from resnet_viz.spec.parts import Part, PartKind

_ACTIVATIONS = {
    Activation.RELU: "torch.relu",
    Activation.TANH: "torch.tanh",
    Activation.SIGMOID: "torch.sigmoid",
    Activation.GELU: "nn.functional.gelu",
    Activation.SILU: "nn.functional.silu",
    Activation.ELU: "nn.functional.elu",
}


def activate(spec: NetworkSpec, value: str) -> str:
    """The expression that applies the activation to ``value``."""
    return f"{_ACTIVATIONS[spec.activation]}({value})"


def norm_line(spec: NetworkSpec, channels: str) -> str:
    """The expression of a normalisation; ``channels`` is an expression too."""
    match spec.norm:
        case Norm.GROUP:
            return f"nn.GroupNorm(math.gcd(32, {channels}), {channels})"
        case Norm.LAYER:
            return f"nn.GroupNorm(1, {channels})"
    return f"nn.BatchNorm2d({channels})"


def convolution(spec: NetworkSpec, part: Part, before: str, after: str, stride: str) -> str:
    """The expression of a convolution; PyTorch's defaults are left out."""
    assert part.convolution is not None
    kernel, groups = part.convolution.kernel, part.convolution.groups
    arguments = [before, after, str(kernel)]
    arguments += [] if stride == "1" else [stride]
    same = spec.edges is Edges.BEHIND and kernel > 1 and stride != "1"
    arguments += [f"padding={kernel // 2}"] if kernel > 1 and not same else []
    arguments += [f"groups={groups}"] if groups > 1 else []
    arguments += [] if part.convolution.bias else ["bias=False"]
    return f"{'SameConv2d' if same else 'nn.Conv2d'}({', '.join(arguments)})"


def module_lines(spec: NetworkSpec, parts: tuple[Part, ...], before: str) -> list[str]:
    """The lines that make the modules before and after the blocks.

    ``before`` is the number of channels that the first of them reads.
    """
    lines = []
    for part in parts:
        channels = str(part.channels)
        match part.kind:
            case PartKind.CONVOLUTION if part.convolution is not None:
                module = convolution(spec, part, before, channels, str(part.convolution.stride))
            case PartKind.NORM:
                module = norm_line(spec, channels)
            case PartKind.SHIFT:
                module = "Shift()"
            case _:
                continue
        lines.append(f"self.{part.name} = {module}")
        before = channels
    return lines


def call_lines(spec: NetworkSpec, parts: tuple[Part, ...], first: str, then: str) -> list[str]:
    """Calls nested up to the next activation: ``out = torch.relu(self.bn1(self.conv1(x)))``.

    The first result is called ``first``, the others ``then``.
    """
    lines: list[str] = []
    value = "x"
    for part in parts:
        match part.kind:
            case PartKind.DROP:
                continue
            case PartKind.ACTIVATION:
                target = then if lines else first
                lines.append(f"{target} = {activate(spec, value)}")
                value = target
            case _:
                value = f"self.{part.name}({value})"
    return lines if value in (first, then) else [*lines, f"{then} = {value}"]
