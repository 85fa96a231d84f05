"""Names of candidates by what distinguishes them."""

from resnet_viz.spec import (
    Activation,
    Edges,
    Kind,
    NetworkSpec,
    Norm,
    Order,
    Padding,
    Shortcut,
    ShortcutInput,
    StrideOn,
)


def label(spec: NetworkSpec) -> str:
    """What distinguishes candidates of one file, as parts: "residual+behind", "plain+pre"."""
    parts = [spec.kind.value]
    if spec.order is Order.PRE:
        parts.append("pre")
    elif not spec.shortcut_norm and spec.kind is Kind.RESIDUAL:
        parts.append("bare")
    if spec.shortcut is Shortcut.ZERO_PAD and spec.padding is not Padding.SPLIT:
        parts.append(spec.padding.value)
    if spec.stride_on is StrideOn.CONV_1X1:
        parts.append("stride_1x1")
    if spec.shortcut_input is ShortcutInput.RAW:
        parts.append("raw")
    if spec.edges is Edges.BEHIND:
        parts.append("same")
    if spec.activation is not Activation.RELU:
        parts.append(spec.activation.value)
    if spec.norm is Norm.GROUP:
        parts.append("group")
    return "+".join(parts)


def difference(spec: NetworkSpec, *others: NetworkSpec) -> str:
    """The fields in which a spec differs from another, with its own values: "padding=behind"."""
    own = spec.to_dict()
    fields = [name for name in own if any(other.to_dict()[name] != own[name] for other in others)]
    return ", ".join(f"{name}={own[name]}" for name in fields)
