"""The operations of a pass, read from the graph that autograd keeps."""

from collections.abc import Iterable, Iterator

from torch import Tensor, nn
from torch.autograd.graph import Node

#: Nonlinear operations that a method of hooks must see as a module.
ACTIVATIONS = (
    "Relu", "LeakyRelu", "PreluKernel", "Elu", "Celu", "Gelu", "Silu", "Mish", "Sigmoid",
    "LogSigmoid", "Tanh", "Hardtanh", "Hardswish", "Hardsigmoid", "Hardshrink", "Softshrink",
    "Softplus", "Rrelu", "Threshold", "Clamp", "Abs", "Maximum", "Minimum", "Glu",
)  # fmt: skip
NONLINEAR = (
    *ACTIVATIONS, "MaxPool", "FractionalMaxPool", "AdaptiveMaxPool", "MaxBackward", "Amax", "Min",
    "Softmax", "LogSoftmax", "ScaledDotProduct", "Exp", "Log", "Pow", "Sqrt", "Rsqrt",
    "LinalgVectorNorm", "Norm",
)  # fmt: skip

#: Operations through which relevance is shared out in proportion to gradient times value.
_PROPORTIONAL = (
    "Accumulate", "Convolution", "MkldnnConvolution", "CudnnConvolution", "SlowConv", "Addmm",
    "MmBackward", "TBackward", "Linear", "Add", "Sub", "Neg", "Relu", "LeakyRelu", "PreluKernel",
    "MaxPool", "AdaptiveMaxPool", "AvgPool", "AdaptiveAvgPool", "MkldnnAdaptiveAvgPool", "Mean",
    "Sum", "View", "UnsafeView", "ReshapeAlias", "Permute", "Transpose", "Clone", "Alias", "Cat",
    "Stack", "Slice", "Select", "Index", "Squeeze", "Unsqueeze", "Expand", "Repeat", "Roll",
    "ConstantPad", "Upsample", "PixelShuffle", "ToCopy", "Copy", "Split", "Unbind", "AsStrided",
    "NativeBatchNorm", "CudnnBatchNorm", "MiopenBatchNorm", "Mul", "Div", "Amax", "MaxBackward",
)  # fmt: skip


def nodes(start: Node, without: Node | None = None) -> Iterator[Node]:
    """The nodes that ``start`` was computed from, except those behind ``without``."""
    if start is without:
        return
    waiting, seen = [start], {start, without}
    while waiting:
        node = waiting.pop()
        yield node
        for parent, _ in node.next_functions:
            if parent is not None and parent not in seen:
                seen.add(parent)
                waiting.append(parent)


def kind(node: Node) -> str:
    """The name of an operation, without the number and the namespace."""
    return node.name().rpartition("::")[2]


def parameter_of(node: Node | None) -> nn.Parameter | None:
    """The parameter that a node only reads, views or expands."""
    views = ("View", "Unsqueeze", "Expand", "Reshape", "UnsafeView", "Permute", "Transpose")
    while node is not None and kind(node).startswith(views):
        node = node.next_functions[0][0]
    variable = getattr(node, "variable", None)
    return variable if isinstance(variable, nn.Parameter) else None


def unseen(output: Tensor, seen: Iterable[Node], names: tuple[str, ...]) -> str | None:
    """The first operation of ``output`` among ``names`` that none of ``seen`` is."""
    if output.grad_fn is None:
        return None
    known = set(seen)
    for node in nodes(output.grad_fn):
        if node not in known and kind(node).startswith(names):
            return readable(node)
    return None


def readable(node: Node) -> str:
    """The operation in words: GeluBackward0 is "gelu"."""
    return kind(node).partition("Backward")[0].lower()


def not_proportional(output: Tensor, image: Tensor) -> str | None:
    """The first operation on the image's values that does not share relevance in proportion."""
    assert output.grad_fn is not None
    order = list(nodes(output.grad_fn))
    depends = _depending(order, image)
    for node in order:
        if node not in depends:
            continue
        name = kind(node)
        moving = sum(parent in depends for parent, _ in node.next_functions)
        products = name.startswith(("Mul", "Div", "MmBackward", "Addmm")) and moving > 1
        divides = (
            name.startswith("Div")
            and len(node.next_functions) > 1
            and (node.next_functions[1][0] in depends)
        )
        of_batch = "BatchNorm" in name and bool(getattr(node, "_saved_training", False))
        if not name.startswith(_PROPORTIONAL) or products or divides or of_batch:
            return readable(node)
    return None


def _depending(order: list[Node], image: Tensor) -> set[Node]:
    """The nodes whose values depend on the image."""
    children: dict[Node, list[Node]] = {}
    waiting = []
    for node in order:
        if getattr(node, "variable", None) is image:
            waiting.append(node)
        for parent, _ in node.next_functions:
            if parent is not None:
                children.setdefault(parent, []).append(node)
    found = set(waiting)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found
