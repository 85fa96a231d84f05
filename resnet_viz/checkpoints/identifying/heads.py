"""The head of a file's network: which of its layers answer, and which of them can be run.

A body of convolutions is the same network whatever is put on it. What runs is one linear layer,
with or without bias, a 1x1 convolution, or the first of several heads. Of a head of several layers
the activations are not in the file, and a file of features has no head: the network's outputs are
then its pooled features.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from resnet_viz.checkpoints.identifying.named_modules import ModuleKind, NamedModule


class HeadKind(StrEnum):
    """What follows the pooling."""

    LINEAR = "linear"
    CONVOLUTION = "convolution"  # 1x1, before or after the pooling
    SEVERAL = "several"  # linear layers side by side; the first one is run
    LAYERS = "layers"  # linear layers in a row
    NONE = "none"  # the outputs are features


@dataclass(frozen=True, eq=False)
class Head:
    """The head of a file's network.

    Parameters
    ----------
    kind
        What it is made of.
    modules
        Every module of it.
    layer
        The one that is run; None if the outputs are the pooled features.
    classes
        Number of outputs of the head in the file; 0 without a head.

    """

    kind: HeadKind
    modules: tuple[NamedModule, ...]
    layer: NamedModule | None
    classes: int

    @property
    def words(self) -> str:
        """Name, inputs and outputs of every layer: "fc.0 64-32, fc.3 32-5"."""
        layers = [m for m in self.modules if len(m.shape) > 1]
        return ", ".join(f"{m.name} {m.shape[1]}-{m.shape[0]}" for m in layers)


def split_head(
    file_modules: Sequence[NamedModule],
) -> tuple[list[NamedModule], Head]:
    """Separate a network's body from its head; both keep the order of the modules."""
    place = tops(file_modules)
    stages = {place[m.name] for m in file_modules if _is_wide(m)}
    linear = [
        m for m in file_modules if m.kind is ModuleKind.LINEAR and place[m.name] not in stages
    ]
    if not linear:
        convolution = _convolution(file_modules, stages, place)
        if convolution is None:
            return list(file_modules), Head(HeadKind.NONE, (), None, 0)
        body = [m for m in file_modules if m is not convolution]
        classes = convolution.shape[0]
        return body, Head(HeadKind.CONVOLUTION, (convolution,), convolution, classes)
    beside = {place[m.name] for m in linear}
    head = [m for m in file_modules if m in linear or (place[m.name] in beside and not _is_conv(m))]
    body = [m for m in file_modules if m not in head]
    return body, _linear_head(head, linear, _channels(body))


def tops(file_modules: Sequence[NamedModule]) -> dict[str, str]:
    """The first part of every module's name, after the prefix that all convolutions share."""
    names = [m.name.split(".") for m in file_modules if _is_conv(m)]
    shared = 0
    while len(names) > 1 and len({tuple(parts[: shared + 1]) for parts in names}) == 1:
        shared += 1
    prefix = names[0][:shared] if names else []
    first = {}
    for module in file_modules:
        parts = module.name.split(".")
        inside = parts[:shared] == prefix and len(parts) > shared
        first[module.name] = parts[shared] if inside else parts[0]
    return first


def _linear_head(head: list[NamedModule], linear: list[NamedModule], channels: int) -> Head:
    first = [m for m in linear if m.shape[1] == channels]
    if len(linear) == 1:
        layer = linear[0]
        norms = [m for m in head if m is not layer]
        kind = HeadKind.LAYERS if norms or not first else HeadKind.LINEAR
        return Head(kind, tuple(head), layer if kind is HeadKind.LINEAR else None, layer.shape[0])
    if len(first) == len(linear):
        return Head(HeadKind.SEVERAL, tuple(head), first[0], first[0].shape[0])
    last = linear[-1]
    chained = [m for m in linear if any(m.shape[1] == other.shape[0] for other in linear)]
    last = chained[-1] if chained else last
    return Head(HeadKind.LAYERS, tuple(head), None, last.shape[0])


def _channels(body: Sequence[NamedModule]) -> int:
    """Output channels of the last stage: those of the widest convolution after the stem."""
    convolutions = [m for m in body if _is_conv(m)][1:]
    return max((m.shape[0] for m in convolutions), default=0)


def _convolution(
    file_modules: Sequence[NamedModule], stages: set[str], place: Mapping[str, str]
) -> NamedModule | None:
    """A 1x1 convolution that is a head: last, alone, and without a normalisation after it."""
    convolutions = [m for m in file_modules if _is_conv(m)]
    if len(convolutions) < 4:
        return None
    last = convolutions[-1]
    alone = [m for m in file_modules if place[m.name] == place[last.name]]
    normed = any(m.kind in (ModuleKind.NORM, ModuleKind.SCALE) for m in alone)
    small = last.shape[2:] == (1, 1) and place[last.name] not in stages and not last.aside
    return last if small and not normed and last.shape[1] == _channels(convolutions[:-1]) else None


def _is_conv(module: NamedModule) -> bool:
    return module.kind is ModuleKind.CONVOLUTION


def _is_wide(module: NamedModule) -> bool:
    """Whether a module is a convolution of more than one pixel."""
    return _is_conv(module) and max(module.shape[2:]) > 1
