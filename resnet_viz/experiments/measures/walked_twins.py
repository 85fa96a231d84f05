"""The trained twins of an experiment, and their accuracy with deleted or reordered blocks."""

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from pathlib import Path, PurePath

import torch
from jaxtyping import Float
from torch import Tensor

from resnet_viz.checkpoints.load import load_two
from resnet_viz.checkpoints.loaded import Loaded, LoadedNetwork
from resnet_viz.checkpoints.ref import NetworkRef, trained_ref
from resnet_viz.checkpoints.weights import Weights
from resnet_viz.core.errors import OptionError
from resnet_viz.core.places import home
from resnet_viz.experiments.measures.batches import LabelledBatch
from resnet_viz.networks.resnet.blocks import ResidualBlock
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.networks.resnet.shortcuts import ZeroPad
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES
from resnet_viz.records import Pair, WeightSource
from resnet_viz.spec.plan import plan

_BATCH = 250  # images


def trained_twins(depth: int, twins: str = "") -> Pair[LoadedNetwork]:
    """Load trained twins for CIFAR-10.

    Parameters
    ----------
    depth
        Their depth.
    twins
        "" for the bundled twins, else the id of a training run or a folder written by ``train``.

    Raises
    ------
    OptionError
        If the trained twins do not exist, have another depth, or were trained on other data.
    CheckpointError
        If no twins of this depth are bundled; lists the depths.

    """
    if not twins:
        return _bundled(depth)
    loaded_twins = _load_twins(_trained_pair(twins))
    for loaded in loaded_twins:
        spec = loaded.network.spec
        if (spec.input_channels, spec.input_size, loaded.classes) != (3, 32, CIFAR10_CLASSES):
            raise OptionError("twins_other_data", twins=twins[:80])
        if spec.depth != depth:
            raise OptionError("twins_depth", twins=twins[:80], depth=spec.depth)
    return loaded_twins


@lru_cache(maxsize=8)
def _bundled(depth: int) -> Pair[LoadedNetwork]:
    return _load_twins(NetworkRef(f"resnet{depth}", Weights(WeightSource.BUNDLED)))


def _load_twins(ref: NetworkRef) -> Pair[LoadedNetwork]:
    def narrowed(loaded: Loaded) -> LoadedNetwork:
        assert isinstance(loaded, LoadedNetwork)  # training writes no other kind
        return loaded

    return load_two(ref).map(narrowed)


def _trained_pair(twins: str) -> NetworkRef:
    """Return the reference of the residual network, which includes its trained twin."""
    run = home() / "runs" / PurePath(twins).name
    try:
        ref = trained_ref(run if run.is_dir() else Path(twins))
    except OSError:  # a name that no file can have
        ref = None
    if ref is None or ref.weights.twin is None:
        raise OptionError("twins_unknown", twins=twins[:80])
    return ref


def bypass(block: ResidualBlock) -> Callable[[Tensor], Tensor]:
    """Return what replaces a deleted block, residual or plain.

    It is the identity, or the zero-padding shortcut (option A) if the block changes the shape.
    """
    if block.plan.keeps_shape:
        return lambda value: value
    return ZeroPad(block.plan.in_channels, block.plan.out_channels, block.plan.stride)


def downsampling(network: ResNet) -> list[str]:
    """Return the names of the blocks that change the shape."""
    return [block.name for block in plan(network.spec).blocks if not block.keeps_shape]


def stem(network: ResNet, images: Float[Tensor, "batch c h w"]) -> Tensor:
    """Return the input of the first block."""
    value: Tensor = images
    for part in network.stem:
        value = network.get_submodule(part)(value)
    return value


def head(network: ResNet, value: Float[Tensor, "batch c h w"]) -> Tensor:
    """Return the logits, given the output of the last block."""
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
    """Return the logits after running blocks in a given order.

    Parameters
    ----------
    network
        The network of the blocks.
    value
        Input of the first block.
    order
        The blocks to run.
    deleted
        Names of blocks to replace by their ``bypass``.

    """
    for block in order:
        value = bypass(block)(value) if block.name in deleted else block(value)
    return head(network, value)


def accuracy(
    network: ResNet,
    data: LabelledBatch,
    order: Sequence[ResidualBlock] | None = None,
    deleted: Collection[str] = (),
) -> float:
    """Return the share of correct predictions, 0 to 1.

    Parameters
    ----------
    network
        The network; it keeps its mode and is not changed.
    data
        The images and labels.
    order
        The blocks to run; by default all in their order.
    deleted
        Names of blocks to replace by their ``bypass``.

    """
    blocks = list(network.blocks()) if order is None else order
    correct = 0
    with torch.no_grad():
        for images, labels in zip(
            torch.split(data.images, _BATCH), torch.split(data.labels, _BATCH), strict=True
        ):
            logits = walk(network, stem(network, images), blocks, deleted)
            correct += int((logits.argmax(1) == labels).sum())
    return correct / len(data)
