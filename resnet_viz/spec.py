"""What a network is, before any weight exists: ``NetworkSpec`` and the table of presets.

Sources: He et al. 2015, "Deep Residual Learning" (arXiv 1512.03385), sec. 3.3, 4.1 and 4.2;
torchvision's ``models.resnet`` for the ImageNet family (stride on the 3x3 convolution).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any, TypeVar

from resnet_viz.errors import SpecError, close_matches

E = TypeVar("E", bound=StrEnum)


class Block(StrEnum):
    """The form of a block (He 2015, fig. 5)."""

    BASIC = "basic"
    BOTTLENECK = "bottleneck"

    @property
    def convolutions(self) -> int:
        """Weighted layers on a block's branch."""
        return 2 if self is Block.BASIC else 3

    @property
    def expansion(self) -> int:
        """Output channels per unit of width."""
        return 1 if self is Block.BASIC else 4


class Shortcut(StrEnum):
    """How a block's input reaches its output (He 2015, sec. 3.3 and 4.1)."""

    ZERO_PAD = "zero_pad"  # option A: identity; subsampled and zero-padded where shapes differ
    PROJECTION = "projection"  # option B: identity; 1x1 convolution where shapes differ
    PROJECTION_ALL = "projection_all"  # option C: 1x1 convolution at every block
    NONE = "none"  # a plain network


class Stem(StrEnum):
    """What stands before the first block."""

    CIFAR = "cifar"  # one 3x3 convolution, stride 1
    IMAGENET = "imagenet"  # one 7x7 convolution, stride 2, and a 3x3 max pool, stride 2


class Kind(StrEnum):
    """Which of the twins a network is."""

    RESIDUAL = "residual"
    PLAIN = "plain"


#: The highest value of each field that is a number.
_MOST = {
    "depths": 1000,
    "widths": 8192,
    "input_size": 4096,
    "input_channels": 64,
    "classes": 100_000,
}


def _choice(choices: type[E], field: str, value: str) -> E:
    try:
        return choices(value)
    except ValueError:
        allowed = ", ".join(choices)
        raise SpecError("spec_choice", field=field, value=value, known=allowed) from None


def _sizes(field: str, values: object, most: int) -> tuple[int, ...]:
    sizes = tuple(values) if isinstance(values, (list, tuple)) else ()
    whole = all(isinstance(v, int) and not isinstance(v, bool) and 1 <= v <= most for v in sizes)
    if not sizes or not whole:
        raise SpecError("spec_size", field=field, value=str(values)[:80], most=most)
    return sizes


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """A residual network or its plain twin, as a value: hashable, comparable, serialisable.

    ``depths`` and ``widths`` have one entry a stage: blocks, and channels inside a block.
    ``input_size`` is the side of the square input in pixels.
    """

    block: Block = Block.BASIC
    depths: tuple[int, ...]
    widths: tuple[int, ...]
    shortcut: Shortcut = Shortcut.ZERO_PAD
    stem: Stem = Stem.CIFAR
    input_size: int = 32
    input_channels: int = 3
    classes: int = 10

    def __post_init__(self) -> None:
        object.__setattr__(self, "block", _choice(Block, "block", self.block))
        object.__setattr__(self, "shortcut", _choice(Shortcut, "shortcut", self.shortcut))
        object.__setattr__(self, "stem", _choice(Stem, "stem", self.stem))
        for name in ("depths", "widths"):
            object.__setattr__(self, name, _sizes(name, getattr(self, name), _MOST[name]))
        for name in ("input_size", "input_channels", "classes"):
            _sizes(name, (getattr(self, name),), _MOST[name])
        if len(self.depths) != len(self.widths):
            raise SpecError("spec_stages", depths=len(self.depths), widths=len(self.widths))

    @classmethod
    def preset(cls, name: str) -> "NetworkSpec":
        """The spec of a known network: "resnet56", its twin "plain56", "resnet50"...

        Raises ``SpecError`` with close matches for a name that is not in the table.
        """
        if name not in PRESETS:
            raise SpecError("preset_unknown", name=name, known=close_matches(name, list(PRESETS)))
        return PRESETS[name].spec

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "NetworkSpec":
        """The inverse of ``to_dict``; an unknown or missing field is a ``SpecError``."""
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                raise SpecError("spec_field", name=name, known=", ".join(known))
        if not {"depths", "widths"} <= values.keys():
            raise SpecError("spec_missing", known="depths, widths")
        converted = dict(values)
        for name, choices in (("block", Block), ("shortcut", Shortcut), ("stem", Stem)):
            if name in values:
                converted[name] = _choice(choices, name, values[name])
        for name in ("depths", "widths"):
            converted[name] = _sizes(name, values[name], _MOST[name])
        for name in _MOST.keys() & values.keys() - {"depths", "widths"}:
            converted[name] = _sizes(name, (values[name],), _MOST[name])[0]
        return cls(**converted)

    def to_dict(self) -> dict[str, Any]:
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
        """Weighted layers on the main path: stem, branch convolutions, head (He 2015, table 1)."""
        return 2 + self.block.convolutions * sum(self.depths)

    @property
    def name(self) -> str:
        """The preset's name, or kind and depth for a network that is not in the table."""
        known = (name for name, preset in PRESETS.items() if preset.spec == self)
        return next(known, f"{self.kind}-{self.depth}")

    @property
    def family(self) -> str:
        """The family by its stem: cifar or imagenet."""
        return self.stem.value

    def blocks(self) -> list[str]:
        """Names of the blocks in order of execution: "layer1.0", "layer1.1", ..."""
        return [f"layer{s}.{b}" for s, n in enumerate(self.depths, 1) for b in range(n)]


@dataclass(frozen=True)
class Preset:
    """One row of the table: a spec, its parameter count, and where both come from."""

    spec: NetworkSpec
    parameters: int
    source: str


_CIFAR_SOURCE = "He 2015, sec. 4.2"
_IMAGENET_SOURCE = "He 2015, table 1; torchvision.models.resnet"


def _cifar(n: int, parameters: int) -> Preset:
    spec = NetworkSpec(depths=(n, n, n), widths=(16, 32, 64))
    return Preset(spec, parameters, _CIFAR_SOURCE)


def _imagenet(block: Block, depths: tuple[int, ...], parameters: int) -> Preset:
    spec = NetworkSpec(
        block=block,
        depths=depths,
        widths=(64, 128, 256, 512),
        shortcut=Shortcut.PROJECTION,
        stem=Stem.IMAGENET,
        input_size=224,
        classes=1000,
    )
    return Preset(spec, parameters, _IMAGENET_SOURCE)


#: Residual networks by name, with their exact parameter counts.
RESIDUAL_PRESETS: Mapping[str, Preset] = {
    "resnet20": _cifar(3, 269_722),
    "resnet32": _cifar(5, 464_154),
    "resnet44": _cifar(7, 658_586),
    "resnet56": _cifar(9, 853_018),
    "resnet110": _cifar(18, 1_727_962),
    "resnet18": _imagenet(Block.BASIC, (2, 2, 2, 2), 11_689_512),
    "resnet34": _imagenet(Block.BASIC, (3, 4, 6, 3), 21_797_672),
    "resnet50": _imagenet(Block.BOTTLENECK, (3, 4, 6, 3), 25_557_032),
    "resnet101": _imagenet(Block.BOTTLENECK, (3, 4, 23, 3), 44_549_160),
    "resnet152": _imagenet(Block.BOTTLENECK, (3, 8, 36, 3), 60_192_808),
}

#: What the projections of the ImageNet family cost: their plain twins have this many fewer.
_PROJECTIONS = {Block.BASIC: 173_824, Block.BOTTLENECK: 2_776_576}


def _plain_twin(preset: Preset) -> Preset:
    spec = preset.spec
    cost = _PROJECTIONS[spec.block] if spec.shortcut is Shortcut.PROJECTION else 0
    return Preset(spec.plain(), preset.parameters - cost, preset.source)


#: Every network by name, each plain twin right after its residual network.
PRESETS: Mapping[str, Preset] = {
    name: preset
    for residual, row in RESIDUAL_PRESETS.items()
    for name, preset in (
        (residual, row),
        (residual.replace("resnet", "plain"), _plain_twin(row)),
    )
}
