"""From a ``NetworkRef`` to a network with its weights: the one place where they are fetched."""

from dataclasses import replace

from resnet_viz.checkpoints.load_file import load_checkpoint
from resnet_viz.checkpoints.loaded import Loaded, LoadedNetwork
from resnet_viz.checkpoints.ref import NetworkRef, Weights, same_input
from resnet_viz.checkpoints.sources.bundled import bundled_network
from resnet_viz.checkpoints.sources.cut_shortcuts import lesion
from resnet_viz.checkpoints.sources.published import published_network
from resnet_viz.checkpoints.sources.untrained import untrained_network
from resnet_viz.checkpoints.sources.zoo import zoo_network
from resnet_viz.core.errors import OptionError
from resnet_viz.networks.zoo.catalog import ZOO
from resnet_viz.records import Pair, WeightSource
from resnet_viz.spec import NetworkSpec


def load(ref: NetworkRef, device: str = "cpu") -> Loaded:
    """A network with its weights, in evaluation mode.

    >>> load(NetworkRef.parse("resnet20")).weights
    'bundled'

    Parameters
    ----------
    ref
        See ``NetworkRef.parse``.
    device
        As PyTorch calls it.

    Raises
    ------
    SpecError, CheckpointError, DownloadError
        For a network that cannot exist, and for weights that cannot be had or do not fit.

    """
    loaded = _loaded(ref)
    loaded.network.to(device)
    return loaded


def load_two(
    first: NetworkRef, second: NetworkRef | None = None, device: str = "cpu"
) -> Pair[Loaded]:
    """Two networks that see the same pictures; ``second`` is by default the first one's twin.

    Raises
    ------
    OptionError
        For a network without a twin, and for two that cannot be compared.

    """
    one = load(first, device)
    other = first.twin() if second is None else second
    if other.weights.source is WeightSource.LESION and other.before_lesion() == first:
        two: Loaded = lesion(one)
        two.network.to(device)
    else:
        two = load(other, device)
    if not same_input(one.spec, two.spec):
        raise OptionError("networks_differ", first=first.title, second=other.title)
    return Pair(one, two)


def _loaded(ref: NetworkRef) -> Loaded:
    weights = ref.weights
    if weights.of is not None:
        return lesion(_loaded(ref.before_lesion()))
    match ref.architecture:
        case None:
            return _of_file(None, weights)
        case str(name) if weights.source is WeightSource.BUNDLED:
            return bundled_network(name)
        case str(name) if name in ZOO:
            return zoo_network(name, weights.source, weights.seed, weights.path)
        case str(name):
            return _of_spec(NetworkSpec.preset(name), weights)
        case spec:
            return _of_spec(spec, weights)


def _of_spec(spec: NetworkSpec, weights: Weights) -> LoadedNetwork:
    match weights.source:
        case WeightSource.BUNDLED:
            return bundled_network(spec.name)
        case WeightSource.PRETRAINED:
            return published_network(spec)
        case WeightSource.RANDOM:
            return untrained_network(spec, weights.seed)
        case _:
            return _of_file(spec, weights)


def _of_file(spec: NetworkSpec | None, weights: Weights) -> LoadedNetwork:
    assert weights.path is not None  # ``Weights`` of a file have one
    loaded = load_checkpoint(weights.path, spec)
    return replace(loaded, weights=weights.title or loaded.weights, path=weights.path)
