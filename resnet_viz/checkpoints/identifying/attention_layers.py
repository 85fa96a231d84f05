"""Find the layers that weigh channels in a file: squeeze and excitation (SE), and ECA.

Whatever they are called, SE is a pair of layers C-r and r-C without a window, and ECA a convolution
along the channels, (1, 1, k). A network has them in every block or in none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from resnet_viz.checkpoints.identifying.named_modules import ModuleKind, NamedModule
from resnet_viz.spec import Attention
from resnet_viz.spec.parts import eca_kernel

_SQUEEZE = re.compile(r"(^|_)(fc|se|squeeze|excit|reduce|expand|down|up)\w*$")
_CHANNELS = 2  # the dimensions of a weight that are not its window


@dataclass(frozen=True, eq=False)
class AttentionLayers:
    """The layers that weigh channels, in order of execution: two in a block for SE, one for ECA."""

    kind: Attention
    modules: tuple[NamedModule, ...]

    def fields(self, outputs: Sequence[int]) -> dict[str, object]:
        """The fields of a spec; ``outputs`` are the channels of every block.

        {} if there are not as many layers as blocks.
        """
        match self.kind:
            case Attention.SE if len(self.modules) == 2 * len(outputs):
                inside = [module.shape[0] for module in self.modules[::2]]
                reduction = max(1, outputs[-1] // inside[-1])
                least = min(inside) if any(
                    width > out // reduction for width, out in zip(inside, outputs, strict=True)
                ) else 1  # fmt: skip
                return {
                    "attention": Attention.SE,
                    "attention_reduction": reduction,
                    "attention_least": least,
                    "attention_bias": any("bias" in module.keys for module in self.modules),
                }
            case Attention.ECA if len(self.modules) == len(outputs):
                kernels = [module.shape[2] for module in self.modules]
                usual = kernels == [eca_kernel(out) for out in outputs]
                kernel = None if usual else kernels[0]
                return {"attention": Attention.ECA, "attention_kernel": kernel}
        return {}


def split_attention(
    ordered: Sequence[NamedModule],
) -> tuple[list[NamedModule], AttentionLayers]:
    """Separate the layers that weigh channels from the others; both keep the order."""
    eca = tuple(m for m in ordered if len(m.shape) == 3 and m.shape[:_CHANNELS] == (1, 1))
    if eca:
        return [m for m in ordered if m not in eca], AttentionLayers(Attention.ECA, eca)
    se = tuple(_pairs(ordered))
    kind = Attention.SE if se else Attention.NONE
    return [m for m in ordered if m not in se], AttentionLayers(kind, se)


def _pairs(ordered: Sequence[NamedModule]) -> list[NamedModule]:
    """Pairs C-r, r-C with r < C that have a module of their own, or names of such layers."""
    siblings: dict[str, list[NamedModule]] = {}
    for module in ordered:
        if module.kind in (ModuleKind.CONVOLUTION, ModuleKind.LINEAR):
            siblings.setdefault(module.parent, []).append(module)
    found: list[NamedModule] = []
    for parent, layers in siblings.items():
        if not parent:
            continue
        own = layers if len(layers) == _CHANNELS else [m for m in layers if _named(m)]
        found += [m for pair in pairwise(own) if _is_pair(*pair) for m in pair]
    places = {id(module): place for place, module in enumerate(ordered)}
    return sorted(found, key=lambda module: places[id(module)])


def _named(module: NamedModule) -> bool:
    return bool(_SQUEEZE.search(module.name.rpartition(".")[2].lower()))


def _is_pair(first: NamedModule, second: NamedModule) -> bool:
    one, other = first.shape, second.shape
    flat = all(side == 1 for side in (*one[_CHANNELS:], *other[_CHANNELS:]))
    return flat and one[0] < one[1] and (one[0], one[1]) == (other[1], other[0])
