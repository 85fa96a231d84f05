"""``load``: a network with its weights from a ``NetworkRef``, wherever the weights come from."""

from dataclasses import replace

from resnet_viz.checkpoints.load_file import load_checkpoint
from resnet_viz.checkpoints.loaded import Loaded, LoadedNetwork
from resnet_viz.checkpoints.ref import NetworkRef, same_input
from resnet_viz.checkpoints.sources.bundled import bundled_network
from resnet_viz.checkpoints.sources.cut_shortcuts import lesion
from resnet_viz.checkpoints.sources.published import published_network
from resnet_viz.checkpoints.sources.untrained import untrained_network
from resnet_viz.checkpoints.sources.zoo import zoo_network
from resnet_viz.checkpoints.weights import Weights
from resnet_viz.core.errors import OptionError
from resnet_viz.networks.zoo.catalog import ZOO
from resnet_viz.records import Pair, WeightSource
from resnet_viz.spec import NetworkSpec


def load(ref: NetworkRef | str, device: str = "cpu") -> Loaded:
    """Load a network with its weights, in evaluation mode.

    >>> load("resnet20").weights
    'bundled'

    Parameters
    ----------
    ref
        The network and its weights, or the text that ``NetworkRef.parse`` reads.
    device
        A PyTorch device: "cpu", "cuda", "cuda:1".

    Returns
    -------
    Loaded
        The network, its classes and its preprocessing.

    Raises
    ------
    SpecError
        If the network is unknown or cannot be built.
    CheckpointError
        If the weights are missing, cannot be read or do not fit the network.
    DownloadError
        If published weights cannot be downloaded.

    """
    loaded = _loaded(_as_ref(ref))
    loaded.network.to(device)
    return loaded


def load_two(
    first: NetworkRef | str, second: NetworkRef | str | None = None, device: str = "cpu"
) -> Pair[Loaded]:
    """Load two networks that can be compared on the same pictures.

    Parameters
    ----------
    first
        The first network, or the text that ``NetworkRef.parse`` reads.
    second
        The network to compare it with; the first one's plain twin by default.
    device
        A PyTorch device.

    Returns
    -------
    Pair[Loaded]
        Both networks, in evaluation mode.

    Raises
    ------
    OptionError
        If ``second`` is left out and ``first`` has no twin, or if the two differ in input size,
        input channels or number of classes.
    SpecError, CheckpointError, DownloadError
        As ``load``.

    """
    first = _as_ref(first)
    first_loaded = load(first, device)
    second_ref = first.twin() if second is None else _as_ref(second)
    if second_ref.weights.source is WeightSource.LESION and second_ref.before_lesion() == first:
        second_loaded: Loaded = lesion(first_loaded)
        second_loaded.network.to(device)
    else:
        second_loaded = load(second_ref, device)
    if not same_input(first_loaded.spec, second_loaded.spec):
        raise OptionError("networks_differ", first=first.title, second=second_ref.title)
    return Pair(first_loaded, second_loaded)


def _as_ref(network: object) -> NetworkRef:
    """A reference as it is, or from text; ``OptionError`` for anything else."""
    if isinstance(network, NetworkRef):
        return network
    if isinstance(network, str):
        return NetworkRef.parse(network)
    raise OptionError("network_ref", given=type(network).__name__)


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
    assert weights.path is not None  # ``Weights`` of a file always have a path
    loaded = load_checkpoint(weights.path, spec)
    return replace(loaded, weights=weights.title or loaded.weights, path=weights.path)
