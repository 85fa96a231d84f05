"""``NetworkSpec``: a residual network or its plain twin, as a value.

Sources: He et al. 2015, "Deep Residual Learning" (arXiv 1512.03385), sec. 3.3, 4.1 and 4.2; He et
al. 2016, "Identity Mappings" (arXiv 1603.05027); torchvision's ``models.resnet``.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import SpecError, close_matches
from resnet_viz.spec.checks import CHECKS, MOST_BLOCKS, MOST_STAGES, USUAL_WIDTH_PER_GROUP
from resnet_viz.spec.choices import (
    Activation,
    Attention,
    Block,
    Downsample,
    Edges,
    Initialisation,
    Kind,
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
from resnet_viz.spec.known_networks import KNOWN_NETWORKS, twin_name
from resnet_viz.spec.layer_names import block_name


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """A residual network or its plain twin, as a value: hashable, comparable, serialisable.

    ``depths`` and ``widths`` have one entry per stage: the number of blocks, and the channels
    inside a block. ``input_size`` is the side of the square input in pixels. Every field is checked
    on construction; an invalid one raises ``SpecError``.

    >>> spec = NetworkSpec(depths=(3, 3, 3), widths=(16, 32, 64))
    >>> spec.name, spec.plain().name
    ('resnet20', 'plain20')
    """

    block: Block = Block.BASIC
    depths: tuple[int, ...]
    widths: tuple[int, ...]
    shortcut: Shortcut = Shortcut.ZERO_PAD
    padding: Padding = Padding.SPLIT  # where option A puts its zero channels
    shortcut_norm: bool = True  # a projection of a post-activation block is normalised
    shortcut_input: ShortcutInput = ShortcutInput.ACTIVATED  # of a pre-activation projection
    shortcut_kernel: int = 1  # side of a projection
    shortcut_scale: float = 1.0  # lambda in [0, 1]: y = F(x) + lambda x (He 2016, sec. 3)
    downsample: Downsample = Downsample.STRIDE  # of projections
    attention: Attention = Attention.NONE
    attention_reduction: int = 16  # SE: channels per channel of its hidden layer
    attention_least: int = 1  # SE: channels of its hidden layer, at least
    attention_bias: bool = True  # SE: its layers have biases
    attention_kernel: int | None = None  # ECA; None: larger for more channels (its eq. 12)
    stem: Stem = Stem.CIFAR
    stem_width: int | None = None  # channels; None: those of the first stage
    stem_inside: tuple[int, ...] | None = None  # of a deep stem; None: half of its channels twice
    stem_pool: StemPool = StemPool.USUAL
    order: Order = Order.POST
    last_norm: bool = True  # a pre-activation network ends with a normalisation and an activation
    stride_in: StrideIn = StrideIn.FIRST
    stride_on: StrideOn = StrideOn.CONV_3X3
    edges: Edges = Edges.BOTH  # of convolutions with a stride
    groups: int = 1  # ResNeXt's cardinality (Xie 2017, arXiv 1611.05431)
    width_per_group: int = USUAL_WIDTH_PER_GROUP  # of a stage of width 64, as in torchvision
    bias: bool = False  # convolutions have a bias too, PyTorch's default
    norm: Norm = Norm.BATCH
    activation: Activation = Activation.RELU
    initialisation: Initialisation = Initialisation.HE_FAN_OUT
    zero_last_gamma: bool = False  # each branch starts at zero (Goyal 2017, arXiv 1706.02677)
    stochastic_depth: float = 0.0  # chance that the last branch is dropped; less before it
    branch_scale: float | None = None  # first value of a learned scale (De 2020, SkipInit)
    fixup: bool = False  # Zhang 2019, arXiv 1901.09321
    input_size: int = 32
    input_channels: int = 3
    classes: int = 10

    def __post_init__(self) -> None:
        for name, check in CHECKS.items():
            object.__setattr__(self, name, check(name, getattr(self, name)))
        if self.stem_pool is _USUAL_POOLS[self.stem]:
            object.__setattr__(self, "stem_pool", StemPool.USUAL)
        _check_together(self)

    @classmethod
    def preset(cls, name: str) -> "NetworkSpec":
        """The spec of a known network: "resnet56", its twin "plain56", "resnet50"...

        Raises ``SpecError`` with close matches for a name that is not in the table.
        """
        presets = _presets()
        if name not in presets:
            raise SpecError("preset_unknown", name=name, known=close_matches(name, list(presets)))
        return presets[name]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "NetworkSpec":  # JSON, checked below
        """The inverse of ``to_dict``; an unknown or missing field is a ``SpecError``."""
        for name in values:
            if name not in CHECKS:
                raise SpecError("spec_field", name=str(name)[:80], known=", ".join(CHECKS))
        if not {"depths", "widths"} <= values.keys():
            raise SpecError("spec_missing", known="depths, widths")
        return cls(**{name: CHECKS[name](name, value) for name, value in values.items()})

    def to_dict(self) -> JsonObject:
        """Plain values for JSON."""
        return asdict(self)

    def plain(self) -> "NetworkSpec":
        """The plain twin: the same layers, no shortcuts, and nothing else changed."""
        return replace(self, shortcut=Shortcut.NONE)

    @property
    def kind(self) -> Kind:
        """Residual, or plain where there is no shortcut."""
        return Kind.PLAIN if self.shortcut is Shortcut.NONE else Kind.RESIDUAL

    @property
    def depth(self) -> int:
        """Weighted layers on the main path: stem, branch convolutions, head (He 2015, table 1).

        A deep stem counts once, as its authors do: ResNet-50-D.
        """
        return 2 + self.block.convolutions * sum(self.depths)

    @property
    def pool(self) -> StemPool:
        """The pool of the stem: none, a max pool, or one that sees zeros around the image."""
        return _USUAL_POOLS[self.stem] if self.stem_pool is StemPool.USUAL else self.stem_pool

    @property
    def deep_widths(self) -> tuple[int, int]:
        """Channels of the first two convolutions of a deep stem."""
        half = max(1, (self.stem_width or self.widths[0]) // 2)
        first, second = self.stem_inside or (half, half)
        return first, second

    @property
    def name(self) -> str:
        """The preset's name, or kind and depth for a network that is not in the table.

        What a preset has not is added: "resnet20-behind", "resnet50-d", "resnet50-se".
        """
        like, additions = _like(self)
        return "-".join([_preset_names().get(like) or f"{self.kind}-{self.depth}", *additions])

    @property
    def has_published_layout(self) -> bool:
        """Whether blocks, depths and widths are a known network's, or of He 2015, sec. 4.2.

        That family has 6n + 2 layers for every n. Classes, image and shortcuts may differ.
        """
        layouts = {(like.block, like.depths, like.widths) for like in _presets().values()}
        own = (self.block, self.depths, self.widths)
        return own in layouts or own == (Block.BASIC, self.depths[:1] * 3, (16, 32, 64))

    @property
    def family(self) -> str:
        """The family by its stem: cifar or imagenet."""
        return self.stem.value

    @property
    def stages(self) -> tuple[tuple[str, ...], ...]:
        """Names of the blocks in order of execution, grouped by stage."""
        return tuple(
            tuple(block_name(stage, index) for index in range(depth))
            for stage, depth in enumerate(self.depths, 1)
        )

    def blocks(self) -> list[str]:
        """Names of the blocks in order of execution: "layer1.0", "layer1.1", ..."""
        return [name for stage in self.stages for name in stage]


@cache
def _presets() -> Mapping[str, NetworkSpec]:
    """Every known network, each plain twin right after its residual network."""
    residual = {name: NetworkSpec(**row.fields) for name, row in KNOWN_NETWORKS.items()}
    return {
        name: spec
        for known, twin in residual.items()
        for name, spec in ((known, twin), (twin_name(known), twin.plain()))
    }


def _like(spec: NetworkSpec) -> tuple[NetworkSpec, list[str]]:
    """The network without what has a name of its own, and these names."""
    additions = []
    if spec.shortcut is Shortcut.ZERO_PAD and spec.padding is not Padding.SPLIT:
        additions.append(spec.padding.value)
    deep, average = spec.stem is Stem.DEEP, spec.downsample is Downsample.AVG
    if deep or average:
        additions.append("d" if deep and average else "deep" if deep else "avg")
    if spec.attention is not Attention.NONE:
        additions.append(spec.attention.value)
    own = NetworkSpec(depths=(1,), widths=(1,))
    like = replace(
        spec,
        padding=own.padding,
        downsample=own.downsample,
        attention=own.attention,
        attention_reduction=own.attention_reduction,
        attention_least=own.attention_least,
        attention_bias=own.attention_bias,
        attention_kernel=own.attention_kernel,
        stem=Stem.IMAGENET if deep else spec.stem,
        stem_inside=None,
    )
    return like, additions


#: The pool of a stem that has its usual one.
_USUAL_POOLS = {
    Stem.CIFAR: StemPool.NONE,
    Stem.IMAGENET: StemPool.MAX,
    Stem.DEEP: StemPool.MAX,
}


@cache
def _preset_names() -> Mapping[NetworkSpec, str]:
    return {spec: name for name, spec in _presets().items()}


def _check_together(spec: NetworkSpec) -> None:
    """Raise ``SpecError`` for fields that are valid alone and exclude each other."""
    if len(spec.depths) != len(spec.widths):
        raise SpecError("spec_stages", depths=len(spec.depths), widths=len(spec.widths))
    if len(spec.depths) > MOST_STAGES:
        raise SpecError("spec_many_stages", stages=len(spec.depths), most=MOST_STAGES)
    if sum(spec.depths) > MOST_BLOCKS:
        raise SpecError("spec_many_blocks", blocks=sum(spec.depths), most=MOST_BLOCKS)
    if spec.stem_inside is not None and len(spec.stem_inside) != 2:
        raise SpecError("spec_stem_inside", given=len(spec.stem_inside))
    usual = spec.groups == 1 and spec.width_per_group == USUAL_WIDTH_PER_GROUP
    if spec.block is Block.BASIC and not usual:
        raise SpecError("spec_basic_groups", usual=USUAL_WIDTH_PER_GROUP)
    if min(spec.widths) * spec.width_per_group < USUAL_WIDTH_PER_GROUP:
        least = math.ceil(USUAL_WIDTH_PER_GROUP / min(spec.widths))
        raise SpecError("spec_narrow", value=spec.width_per_group, least=least)
    if spec.zero_last_gamma and (spec.norm is Norm.NONE or spec.order is Order.PRE):
        raise SpecError("spec_last_gamma")
    if spec.fixup and (spec.norm is not Norm.NONE or spec.order is Order.PRE):
        raise SpecError("spec_fixup")
    if spec.fixup and spec.branch_scale is not None:
        raise SpecError("spec_fixup_scale")
