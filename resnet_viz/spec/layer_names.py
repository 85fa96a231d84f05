"""Layer names: the only file that builds or parses them.

"layer3.1.conv2" is the part "conv2" of the block "layer3.1" in the stage "layer3"; the names inside
"layer3.1.downsample" are those of its shortcut. Layers of stem and head have names without a dot.
"""

from collections.abc import Container

_SHORTCUT = "downsample"  # torchvision's word


def stage_name(stage: int) -> str:
    """The name of a stage, counted from 1."""
    return f"layer{stage}"


def block_name(stage: int, index: int) -> str:
    """The name of a block: its stage counted from 1, its place in the stage from 0."""
    return f"{stage_name(stage)}.{index}"


def stage_of(layer: str) -> str:
    """The stage that a layer is in; for a layer of stem or head, its own name."""
    return layer.partition(".")[0]


def block_of(layer: str, blocks: Container[str]) -> str | None:
    """The one of ``blocks`` that a layer is, or is in; None for stem and head.

    >>> block_of("layer2.1.conv2", {"layer2.0", "layer2.1"})
    'layer2.1'
    """
    while layer and layer not in blocks:
        layer = layer.rpartition(".")[0]
    return layer or None


def part_of(layer: str) -> str:
    """The last part of a name: "conv2", "branch"."""
    return layer.rpartition(".")[2]


def inside_block(layer: str) -> str:
    """A layer's name within its block: "conv2", "downsample.0"; unchanged for stem and head."""
    return layer.split(".", 2)[-1]


def on_shortcut(layer: str) -> bool:
    """Whether a layer is on a block's shortcut instead of the main path."""
    return _SHORTCUT in layer.split(".")
