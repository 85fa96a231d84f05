"""Name the networks that this library does not build, by their tensors: SE, Res2Net, VGG, ...

A name here only says what the file is; its weights are checked without running anything.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from resnet_viz.checkpoints.identifying.named_modules import ModuleKind, NamedModule, modules
from resnet_viz.spec import NetworkSpec, Norm, Order, Stem

#: A family that no rule knows.
UNKNOWN = "unknown"
_MOSTLY = 0.8


@dataclass(frozen=True, eq=False)
class Look:
    """What the rules look at: names in lower case, and modules."""

    names: tuple[str, ...]
    file_modules: tuple[NamedModule, ...]

    def named(self, pattern: str) -> bool:
        """Whether a tensor's name has a part like ``pattern``."""
        part = re.compile(rf"(^|[._])({pattern})([._\d]|$)")
        return any(part.search(name) for name in self.names)

    def count(self, kernel: int) -> int:
        """Number of square convolutions of this side."""
        shapes = [m.shape for m in self.file_modules if m.kind is ModuleKind.CONVOLUTION]
        return sum(shape[2:] == (kernel, kernel) for shape in shapes)

    @property
    def has_blocks(self) -> bool:
        """Whether the names are those of stages and blocks of a residual network."""
        stages = re.compile(
            r"(layer|stage|stages|blocks?|res|conv)_?\d+[._x]+\d+|bottleneck|resnet"
        )
        return any(stages.search(name) for name in self.names)


def variant(tensors: Mapping[str, Tensor]) -> str:
    """The family of a file's network, a key of the texts ``families``; ``UNKNOWN`` for none."""
    look = Look(tuple(name.lower() for name in tensors), tuple(modules(tensors)))
    return next((family for family, rule in _RULES.items() if rule(look)), UNKNOWN)


def computes_otherwise(tensors: Mapping[str, Tensor], spec: NetworkSpec) -> bool:
    """Whether a network that the tensors fit is known to compute something else with them.

    CLIP's ResNet pools by attention and has averages in place of strides. Pre-activation networks
    with group normalisation behind a 7x7 stem are those of Big Transfer, which standardise weights.
    """
    big = spec.order is Order.PRE and spec.norm is Norm.GROUP and spec.stem is Stem.IMAGENET
    return big or _clip(Look(tuple(name.lower() for name in tensors), ()))


def _clip(look: Look) -> bool:
    return look.named(r"attn_?pool") or (look.has_blocks and look.named("pos_embed"))


def _big_transfer(look: Look) -> bool:
    kinds = {module.kind for module in look.file_modules}
    grouped = ModuleKind.SCALE in kinds and ModuleKind.NORM not in kinds
    return look.count(7) == 1 and (grouped or look.named(r"unit\d+|gn1"))


def _squeezes(look: Look) -> bool:
    """Pairs of small layers C-C/r-C inside the blocks: squeeze and excitation."""
    return look.has_blocks and look.named(r"se|se_module|se_layer|squeeze\w*|excitation|fc1")


def _eca(look: Look) -> bool:
    one_dimensional = any(len(m.shape) == 3 and m.shape[:2] == (1, 1) for m in look.file_modules)
    return look.named("eca") or (look.has_blocks and one_dimensional)


def _res2net(look: Look) -> bool:
    return look.named(r"convs[._]\d+") and look.named(r"bns[._]\d+")


def _deep_stem(look: Look) -> bool:
    first = [m.shape for m in look.file_modules if m.kind is ModuleKind.CONVOLUTION][:3]
    return (
        len(first) == 3
        and all(shape[2] == 3 for shape in first)
        and first[0][1] <= 4
        and first[2][0] >= 2 * first[0][0]
        and look.has_blocks
    )


def _vgg(look: Look) -> bool:
    convolutions = [m for m in look.file_modules if m.kind is ModuleKind.CONVOLUTION]
    square = look.count(3) >= _MOSTLY * len(convolutions)  # its linear layers may be convolutions
    return len(convolutions) >= 4 and square and not look.has_blocks


def _depthwise(look: Look) -> bool:
    shapes = [m.shape for m in look.file_modules if m.kind is ModuleKind.CONVOLUTION]
    return sum(shape[1] == 1 and shape[0] > 1 for shape in shapes) >= 3


_RULES: Mapping[str, Callable[[Look], bool]] = {
    "clip": _clip,
    "resnest": lambda look: look.has_blocks and look.named(r"radix|rsoftmax|fc2") and look.named(
        "conv2[._]conv|bn0"
    ),
    "sk": lambda look: look.has_blocks and look.named(r"paths|attn[._]fc_reduce|fc_select|sk\w*"),
    "res2net": _res2net,
    "cbam": lambda look: look.named(r"cbam|spatial|(channel|spatial)_?(attention|gate)|ca|sa"),
    "eca": _eca,
    "se": _squeezes,
    "ibn": lambda look: look.named("in") and look.named("bn") and look.has_blocks,
    "bit": _big_transfer,
    "blur": lambda look: look.named(r"filt|blur\w*|aa") and look.has_blocks,
    "deep_stem": _deep_stem,
    "transformer": lambda look: look.named(r"attn|self_attn|attention|cls_token|pos_embed|qkv"),
    "convnext": lambda look: look.named(r"dwconv|conv_dw") and look.count(7) > 3,
    "mobile": _depthwise,
    "densenet": lambda look: look.named(r"denseblock\d*|denselayer\d*|dense_?block\d*"),
    "vgg": _vgg,
    "recurrent": lambda look: look.named(r"weight_ih_l\d+|weight_hh_l\d+"),
    "resnet_like": lambda look: look.has_blocks and look.count(3) >= 4,
}  # fmt: skip
