"""The twins of an experiment, and walking through their blocks in other ways than built."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from resnet_viz.checkpoints.load import load_two
from resnet_viz.checkpoints.loaded import Loaded, LoadedNetwork
from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.checkpoints.ref import NetworkRef, Weights, trained_ref
from resnet_viz.core.errors import OptionError
from resnet_viz.core.places import ASSETS, home
from resnet_viz.experiments.measures.batches import LabelledBatch
from resnet_viz.networks.resnet.blocks import ResidualBlock
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.networks.resnet.shortcuts import ZeroPad
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES
from resnet_viz.records import Pair, WeightSource
from resnet_viz.spec.plan import plan

_BATCH = 250  # images


def trained_twins(depth: int, twins: str = "") -> Pair[LoadedNetwork]:
    """The bundled pair of one depth, or one's own.

    ``twins``: "", the id of a run that trained a pair here, or a folder with what ``train`` left.
    Raises ``OptionError`` for a pair that is not there, has another depth, or knows other pictures
    than CIFAR-10's; ``CheckpointError`` lists the depths in the repository.
    """
    if not twins:
        return _bundled(depth)
    loaded = _own(_trained_pair(twins))
    for one in loaded:
        spec = one.network.spec
        if (spec.input_channels, spec.input_size, one.classes) != (3, 32, CIFAR10_CLASSES):
            raise OptionError("twins_other_data", twins=twins[:80])
        if spec.depth != depth:
            raise OptionError("twins_depth", twins=twins[:80], depth=spec.depth)
    return loaded


@lru_cache(maxsize=8)
def _bundled(depth: int) -> Pair[LoadedNetwork]:
    return _own(NetworkRef(f"resnet{depth}", Weights(WeightSource.BUNDLED)))


def _own(ref: NetworkRef) -> Pair[LoadedNetwork]:
    """Both twins; those that are trained here are networks of this library."""

    def own(loaded: Loaded) -> LoadedNetwork:
        assert isinstance(loaded, LoadedNetwork)
        return loaded

    return load_two(ref).map(own)


def _trained_pair(twins: str) -> NetworkRef:
    """The residual network of a run or a folder, which knows its trained twin."""
    run = home() / "runs" / PurePath(twins).name
    try:
        ref = trained_ref(run if run.is_dir() else Path(twins))
    except OSError:  # a name that no file can have
        ref = None
    if ref is None or ref.weights.twin is None:
        raise OptionError("twins_unknown", twins=twins[:80])
    return ref


@lru_cache(maxsize=32)
def told(name: str) -> Mapping[str, Any]:
    """What the file of a bundled network says of it, without building it: spec, curve, training."""
    return read_weights(ASSETS / "checkpoints" / f"{name}.safetensors").metadata


def detour(block: ResidualBlock) -> Callable[[Tensor], Tensor]:
    """What is left where a block is deleted: its input, in the shape of its output (option A).

    The same for a residual and for a plain block.
    """
    if block.plan.keeps_shape:
        return lambda value: value
    return ZeroPad(block.plan.in_channels, block.plan.out_channels, block.plan.stride)


def downsampling(network: ResNet) -> list[str]:
    """Blocks whose output has another shape than their input."""
    return [block.name for block in plan(network.spec).blocks if not block.keeps_shape]


def stem(network: ResNet, images: Float[Tensor, "batch c h w"]) -> Tensor:
    """What the first block reads."""
    value: Tensor = images
    for part in network.stem:
        value = network.get_submodule(part)(value)
    return value


def head(network: ResNet, value: Float[Tensor, "batch c h w"]) -> Tensor:
    """Logits from the last block's output."""
    for part in network.last:
        value = network.get_submodule(part)(value)
    logits: Tensor = network.fc(network.avgpool(value).flatten(1))
    return logits


def walk(
    network: ResNet,
    value: Float[Tensor, "batch c h w"],
    order: Sequence[ResidualBlock],
    deleted: Collection[str] = (),
) -> Float[Tensor, "batch classes"]:
    """Logits after some blocks in some order, of which the ``deleted`` are passed by."""
    for block in order:
        value = detour(block)(value) if block.name in deleted else block(value)
    return head(network, value)


def accuracy(
    network: ResNet,
    data: LabelledBatch,
    order: Sequence[ResidualBlock] | None = None,
    deleted: Collection[str] = (),
) -> float:
    """Share of right answers with running statistics, 0 to 1; the network is not changed."""
    blocks = list(network.blocks()) if order is None else order
    right = 0
    with torch.no_grad():
        for images, labels in zip(
            torch.split(data.images, _BATCH), torch.split(data.labels, _BATCH), strict=True
        ):
            logits = walk(network, stem(network, images), blocks, deleted)
            right += int((logits.argmax(1) == labels).sum())
    return right / len(data)
