"""Initial weights of a training: random, or pretrained with a new head for other classes."""

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
    """Load the networks and the data of a config.

    Parameters
    ----------
    config
        The training to prepare.

    Returns
    -------
    tuple
        One network or a pair, on the config's device, and the data.

    Raises
    ------
    DataError
        If the data cannot be loaded or has the wrong number of channels.
    CheckpointError
        If the initial weights cannot be loaded.
    DownloadError
        If data or weights cannot be downloaded.

    """
    sources = {kind: _source(config, spec) for kind, spec in config.specs().items()}
    pretrained = next(iter(sources.values()))
    data = load_dataset(config.data, size=config.network.input_size)
    if pretrained is not None:
        data = _as_learned(data, pretrained)
    networks: dict[str, nn.Module] = {}
    for kind, spec in config.specs().items():
        source = sources[kind]
        source_spec = spec if source is None else source.resnet.spec
        networks[kind] = _network(data.fitted(source_spec), source, config)
    if config.pair:
        return Pair(networks["residual"], networks["plain"]), data
    return next(iter(networks.values())), data


def freeze(network: ResNet, stages: tuple[str, ...]) -> None:
    """Exclude stages ("stem", "layer1", ...) from training, by ``requires_grad``."""
    for stage in stages:
        for part in network.stem if stage == "stem" else (stage,):
            for parameter in network.get_submodule(part).parameters():
                parameter.requires_grad_(False)


def _source(config: TrainingConfig, spec: NetworkSpec) -> Loaded | None:
    """Load the pretrained network; None for random weights, which need the number of classes."""
    if config.start.source is WeightSource.RANDOM:
        return None
    return load(NetworkRef(spec, config.start))


def _network(spec: NetworkSpec, source: Loaded | None, config: TrainingConfig) -> ResNet:
    network = build(spec, seed=config.recipe.seed)
    if source is not None:
        weights: dict[str, Tensor] = dict(source.resnet.state_dict())
        if source.resnet.spec.classes != spec.classes:
            random_weights = network.state_dict()
            weights |= {name: random_weights[name] for name in _HEAD}
        network.load_state_dict(weights)
    freeze(network, config.frozen)
    return network.to(config.device)


def _as_learned(data: Dataset, source: Loaded) -> Dataset:
    """Adapt the data to pretrained weights: channels, mean and standard deviation."""
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
