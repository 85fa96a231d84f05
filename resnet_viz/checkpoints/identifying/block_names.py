"""Whether the names of a file's tensors group its convolutions into blocks.

A chain of 3x3 convolutions is a plain network, or one with option A shortcuts, or something else,
such as a VGG network with pooling in between. If photographs agree with none, blocks in the names
are the only evidence for a residual network.
"""

from collections.abc import Collection, Mapping

from torch import Tensor

from resnet_viz.checkpoints.identifying.candidates import Candidate
from resnet_viz.spec import Shortcut

_MOST = 0.8  # share of blocks whose convolutions share a name


def looks_like_a_chain(candidate: Candidate, tensors: Mapping[str, Tensor]) -> bool:
    """Whether a network without projections is a row of convolutions that no name groups."""
    if candidate.spec.shortcut not in (Shortcut.ZERO_PAD, Shortcut.NONE):
        return False
    names = {own: key.split(".") for own, key in candidate.keys.items()
             if own.endswith(".weight") and tensors[key].ndim == 4}  # fmt: skip
    blocks = [
        [parts for own, parts in names.items() if own.startswith(f"{block}.")]
        for block in candidate.spec.blocks()
    ]
    grouped = sum(_is_group(block, names.values()) for block in blocks)
    return grouped < _MOST * len(blocks)


def _is_group(block: list[list[str]], names: Collection[list[str]]) -> bool:
    """Whether the names of a block's convolutions start alike, and no other convolution's does."""
    common = _common(block)
    if not common:
        return False
    inside = [parts for parts in names if parts[: len(common)] == common]
    return len(inside) == len(block)


def _common(names: list[list[str]]) -> list[str]:
    """The leading parts that all names share, without the parts of the modules themselves."""
    shared = []
    for parts in zip(*(name[:-2] for name in names), strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return shared
