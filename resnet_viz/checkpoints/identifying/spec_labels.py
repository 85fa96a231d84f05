"""Names of candidates by what distinguishes them."""

from resnet_viz.spec import (
    Activation,
    Attention,
    Downsample,
    Edges,
    Kind,
    NetworkSpec,
    Norm,
    Order,
    Padding,
    Shortcut,
    ShortcutInput,
    Stem,
    StemPool,
    StrideIn,
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
    parts += [
        choice.value
        for choice, usual in (
            (spec.downsample, Downsample.STRIDE),
            (spec.stem_pool, StemPool.USUAL),
            (spec.attention, Attention.NONE),
        )
        if choice is not usual
    ]
    if spec.stem is Stem.DEEP:
        parts.append("deep")
    if spec.stride_in is StrideIn.LAST:
        parts.append("stride_last")
    if not spec.last_norm:
        parts.append("no_last_norm")
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
