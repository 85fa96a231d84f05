"""The table of known residual networks: the fields of each, its parameter count and its source.

Rows are plain fields and not ``NetworkSpec``, so that a spec can look up its own name here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resnet_viz.spec.choices import Block, Order, Shortcut, Stem


@dataclass(frozen=True)
class KnownNetwork:
    """One row of the table.

    ``title`` is the name in the source, where kind and depth do not identify the network;
    ``counted`` is the depth in the source, where it is counted otherwise than in
    ``NetworkSpec.depth``.
    """

    fields: Mapping[str, Any]  # of ``NetworkSpec``, which checks each
    parameters: int
    source: str
    title: str | None = None
    counted: int | None = None


_CIFAR_SOURCE = "He 2015, sec. 4.2"
_IMAGENET_SOURCE = "He 2015, table 1; torchvision.models.resnet"
_RESNEXT_SOURCE = "Xie 2017, table 1 (arXiv 1611.05431); torchvision.models.resnet"
_WIDE_SOURCE = "Zagoruyko 2016, table 1 (arXiv 1605.07146)"
_PRE_SOURCE = "He 2016, sec. 3 (arXiv 1603.05027)"


def _cifar(n: int, parameters: int) -> KnownNetwork:
    fields = {"depths": (n, n, n), "widths": (16, 32, 64)}
    return KnownNetwork(fields, parameters, _CIFAR_SOURCE)


def _imagenet(
    block: Block,
    depths: tuple[int, ...],
    parameters: int,
    *,
    source: str = _IMAGENET_SOURCE,
    title: str | None = None,
    **more: Any,  # noqa: ANN401  # fields of the spec
) -> KnownNetwork:
    fields = dict(
        block=block,
        depths=depths,
        widths=(64, 128, 256, 512),
        shortcut=Shortcut.PROJECTION,
        stem=Stem.IMAGENET,
        input_size=224,
        classes=1000,
        **more,
    )
    return KnownNetwork(fields, parameters, source, title)


def _resnext(depths: tuple[int, ...], groups: int, width: int, parameters: int) -> KnownNetwork:
    return _imagenet(
        Block.BOTTLENECK,
        depths,
        parameters,
        source=_RESNEXT_SOURCE,
        title=f"ResNeXt-{2 + 3 * sum(depths)} {groups}x{width}d",
        groups=groups,
        width_per_group=width,
    )


def _wide_imagenet(depths: tuple[int, ...], parameters: int) -> KnownNetwork:
    return _imagenet(
        Block.BOTTLENECK,
        depths,
        parameters,
        source=f"{_WIDE_SOURCE}; torchvision.models.resnet",
        title=f"Wide ResNet-{2 + 3 * sum(depths)}-2",
        width_per_group=128,
    )


def _wide_cifar(n: int, k: int, parameters: int) -> KnownNetwork:
    """WRN-(6n+4)-k: the source counts the three projections and leaves out the head."""
    fields = {
        "depths": (n, n, n),
        "widths": (16 * k, 32 * k, 64 * k),
        "shortcut": Shortcut.PROJECTION,
        "stem_width": 16,
        "order": Order.PRE,
    }
    counted = 6 * n + 4
    return KnownNetwork(fields, parameters, _WIDE_SOURCE, f"WRN-{counted}-{k}", counted)


#: Residual networks by name, with their exact parameter counts.
KNOWN_NETWORKS: Mapping[str, KnownNetwork] = {
    "resnet20": _cifar(3, 269_722),
    "resnet32": _cifar(5, 464_154),
    "resnet44": _cifar(7, 658_586),
    "resnet56": _cifar(9, 853_018),
    "resnet110": _cifar(18, 1_727_962),
    "resnet164": KnownNetwork(
        {
            "block": Block.BOTTLENECK,
            "depths": (18, 18, 18),
            "widths": (16, 32, 64),
            "shortcut": Shortcut.PROJECTION,
            "order": Order.PRE,
        },
        1_703_258,
        _PRE_SOURCE,
        "ResNet-164, pre-activation",
    ),
    "resnet1202": _cifar(200, 19_421_274),
    "preact-resnet18": KnownNetwork(
        {
            "depths": (2, 2, 2, 2),
            "widths": (64, 128, 256, 512),
            "shortcut": Shortcut.PROJECTION,
            "order": Order.PRE,
        },
        11_172_170,
        f"{_PRE_SOURCE}, with the stages of He 2015, table 1, and the stem for CIFAR-10",
        "ResNet-18, pre-activation",
    ),
    "wrn-28-10": _wide_cifar(4, 10, 36_479_194),
    "wrn-40-4": _wide_cifar(6, 4, 8_949_210),
    "resnet18": _imagenet(Block.BASIC, (2, 2, 2, 2), 11_689_512),
    "resnet34": _imagenet(Block.BASIC, (3, 4, 6, 3), 21_797_672),
    "resnet50": _imagenet(Block.BOTTLENECK, (3, 4, 6, 3), 25_557_032),
    "resnet101": _imagenet(Block.BOTTLENECK, (3, 4, 23, 3), 44_549_160),
    "resnet152": _imagenet(Block.BOTTLENECK, (3, 8, 36, 3), 60_192_808),
    "resnext50_32x4d": _resnext((3, 4, 6, 3), 32, 4, 25_028_904),
    "resnext101_32x8d": _resnext((3, 4, 23, 3), 32, 8, 88_791_336),
    "resnext101_64x4d": _resnext((3, 4, 23, 3), 64, 4, 83_455_272),
    "wide_resnet50_2": _wide_imagenet((3, 4, 6, 3), 68_883_240),
    "wide_resnet101_2": _wide_imagenet((3, 4, 23, 3), 126_886_696),
}


def twin_name(residual: str) -> str:
    """The name of a preset's plain twin: "plain56" for "resnet56"."""
    return residual.replace("resnet", "plain") if "resnet" in residual else f"plain-{residual}"
