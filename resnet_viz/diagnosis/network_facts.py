"""``network_facts``: what a file's network is, as a record."""

from resnet_viz.checkpoints.identifying.identification import FileFacts, Identification
from resnet_viz.records import FileContents, Identified
from resnet_viz.spec import Attention, Block, NetworkSpec, Order, Stem
from resnet_viz.spec.checks import USUAL_WIDTH_PER_GROUP


def network_facts(identification: Identification) -> Identified:
    """The facts of an identified network."""
    spec, head = identification.spec, identification.file.head
    return Identified(
        family=family(spec),
        kind=spec.kind.value if identification.kind_known else None,
        depth=published_depth(spec),
        block=spec.block.value,
        widths=spec.widths,
        shortcut=spec.shortcut.value if identification.kind_known else None,
        classes=spec.classes if head is None else head.classes,
        input_channels=spec.input_channels,
        parameters=sum(p.numel() for p in identification.network.parameters()),
        confidence=round(identification.confidence, 4),
        stages=spec.depths,
        order=spec.order.value,
        stem=spec.stem.value,
        groups=spec.groups,
        norm=spec.norm.value,
        matched=identification.matched,
        total=identification.total,
        normalisation=identification.normalisation,
        scores=dict(identification.scores),
        input_scores=dict(identification.input_scores),
        training={
            k: v for k, v in identification.training.items() if not isinstance(v, (dict, list))
        },
        class_names=identification.classes if identification.file.answers else (),
        spec=spec,
    )


def file_contents(facts: FileFacts) -> FileContents:
    """What the file has besides the network."""
    head = facts.head
    layers = [] if head is None else [m for m in head.modules if len(m.shape) > 1]
    return FileContents(
        merged={each.name: each.way for each in facts.merged},
        aside=facts.aside,
        heads=tuple(f"{m.name} {m.shape[1]}-{m.shape[0]}" for m in layers),
        head_kind=None if head is None else head.kind.value,
    )


def published_depth(spec: NetworkSpec) -> int:
    """The depth as the authors of its family count it.

    Wide ResNets count the projections and leave out the head (Zagoruyko 2016, sec. 2): WRN-28-10.
    """
    wide = family(spec) == "wide" and spec.order is Order.PRE
    return spec.depth + len(spec.depths) - 1 if wide else spec.depth


def family(spec: NetworkSpec) -> str:
    """The family of a spec: cifar (6n + 2), imagenet, resnext, wide, pre-activation or resnet.

    With layers that weigh channels se_resnet or eca_resnet, with a deep stem deep_stem_resnet.
    """
    if spec.attention is not Attention.NONE or spec.stem is Stem.DEEP:
        deep = spec.attention is Attention.NONE
        return "deep_stem_resnet" if deep else f"{spec.attention}_resnet"
    if spec.order is Order.PRE:
        wide = spec.stem_width is not None and spec.stem is Stem.CIFAR
        return "wide" if wide else "pre-activation"
    if spec.groups > 1:
        return "resnext"
    if spec.width_per_group > USUAL_WIDTH_PER_GROUP:
        return "wide"
    if spec.stem is Stem.IMAGENET:
        return "imagenet"
    usual = spec.widths == (16, 32, 64) and len(set(spec.depths)) == 1
    return "cifar" if usual and spec.block is Block.BASIC else "resnet"
