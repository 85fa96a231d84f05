"""Where a training begins: fresh weights, or learned ones with a head for the new classes."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from resnet_viz.checkpoints.load import load
from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.core.errors import DataError
from resnet_viz.datasets.dataset import Dataset, ImageSet
from resnet_viz.datasets.load_dataset import load_dataset
from resnet_viz.networks.resnet.model import ResNet, build
from resnet_viz.records import Pair, WeightSource
from resnet_viz.spec import NetworkSpec
from resnet_viz.training.config import TrainingConfig

_HEAD = ("fc.weight", "fc.bias")


def begin(config: TrainingConfig) -> tuple[nn.Module | Pair[nn.Module], Dataset]:
    """Networks and data of a config, on its device, ready to be trained.

    Raises ``DataError``, ``CheckpointError`` or ``DownloadError`` for what cannot be had.
    """
    sources = {kind: _source(config, spec) for kind, spec in config.specs().items()}
    known = next(iter(sources.values()))
    data = load_dataset(config.data, size=config.network.input_size)
    if known is not None:
        data = _as_learned(data, known)
    networks: dict[str, nn.Module] = {}
    for kind, spec in config.specs().items():
        source = sources[kind]
        learned = spec if source is None else source.resnet.spec
        networks[kind] = _network(data.fitted(learned), source, config)
    if config.pair:
        return Pair(networks["residual"], networks["plain"]), data
    return next(iter(networks.values())), data


def freeze(network: ResNet, stages: tuple[str, ...]) -> None:
    """Keep the weights of some stages, and their batch statistics, as they are."""
    for stage in stages:
        for part in network.stem if stage == "stem" else (stage,):
            for parameter in network.get_submodule(part).parameters():
                parameter.requires_grad_(False)


def _source(config: TrainingConfig, spec: NetworkSpec) -> Loaded | None:
    """Learned weights; None for fresh ones, which wait for the number of classes."""
    if config.start.source is WeightSource.RANDOM:
        return None
    return load(NetworkRef(spec, config.start))


def _network(spec: NetworkSpec, source: Loaded | None, config: TrainingConfig) -> ResNet:
    network = build(spec, seed=config.recipe.seed)
    if source is not None:
        learned: dict[str, Tensor] = dict(source.resnet.state_dict())
        if source.resnet.spec.classes != spec.classes:
            own = network.state_dict()
            learned |= {name: own[name] for name in _HEAD}
        network.load_state_dict(learned)
    freeze(network, config.frozen)
    return network.to(config.device)


def _as_learned(data: Dataset, source: Loaded) -> Dataset:
    """Data as the learned weights expect it: their channels, mean and deviation."""
    channels, wanted = data.train.images.shape[1], source.resnet.spec.input_channels
    if channels == 1 and wanted == 3:
        data = replace(data, train=_coloured(data.train), test=_coloured(data.test))
    elif channels != wanted:
        raise DataError("data_channels", name=data.name, channels=channels, wanted=wanted)
    size = data.preprocessing.size
    return replace(data, preprocessing=replace(source.preprocessing, size=size, resize=size))


def _coloured(images: ImageSet) -> ImageSet:
    grey = images.images
    return ImageSet(torch.cat([grey] * 3, 1), images.labels)
