"""Any two networks with weights, side by side: what was chosen, and how it is loaded."""

from dataclasses import dataclass, field
from pathlib import Path

from resnet_viz.checkpoints.load_file import load_checkpoint
from resnet_viz.checkpoints.loaded import Loaded, LoadedNetwork
from resnet_viz.checkpoints.ref import WeightChoice, load_network, load_twin, weight_sources
from resnet_viz.checkpoints.sources.zoo import load_zoo, zoo_spec
from resnet_viz.core.errors import OptionError
from resnet_viz.networks.zoo.catalog import ZOO, zoo_classes
from resnet_viz.networks.zoo.labels import class_names
from resnet_viz.records import Pair, WeightSource
from resnet_viz.spec import Kind, NetworkSpec, ZooSpec


@dataclass(frozen=True)
class NetworkChoice:
    """One network and which weights it gets.

    ``name`` is a preset's or the catalog's; a design of one's own, or a file's network, has its
    ``design``, and then ``name`` is only what to call it. ``labels`` are its classes' names where
    they are not the usual ones.
    """

    name: str
    weights: WeightChoice
    design: NetworkSpec | None = None
    labels: tuple[str, ...] = field(default=())

    @property
    def spec(self) -> NetworkSpec | ZooSpec:
        """What the network is; ``SpecError`` for a name that nobody knows."""
        if self.design is not None:
            return self.design
        return zoo_spec(self.name) if self.name in ZOO else NetworkSpec.preset(self.name)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of its classes."""
        spec = self.spec
        usual = zoo_classes(spec.name) if isinstance(spec, ZooSpec) else class_names(spec)
        return self.labels or usual

    @property
    def has_twin(self) -> bool:
        """Whether there is a plain twin to put beside it."""
        spec = self.spec
        trained = self.weights.plain_path is not None
        return isinstance(spec, NetworkSpec) and (spec.kind is Kind.RESIDUAL or trained)

    def comparable(self, other: "NetworkChoice") -> bool:
        """Whether both see the same picture and know as many classes."""
        one, two = self.spec, other.spec
        return (one.input_size, one.input_channels, one.classes) == (
            two.input_size,
            two.input_channels,
            two.classes,
        )


def sources(name: str) -> tuple[WeightSource, ...]:
    """What weights there are for a network of the tables, the best first."""
    if name not in ZOO:
        return weight_sources(name)
    published = () if ZOO[name].weights is None else (WeightSource.PRETRAINED,)
    return (*published, WeightSource.RANDOM)


def choose_weights(name: str, asked: str, seed: int = 0) -> WeightChoice:
    """The weights that a word means: a source on offer for this network, or else a file's path.

    "" is the best there are without a download: bundled, else random.
    """
    offered = sources(name)
    if not asked:
        offline = [source for source in offered if source is not WeightSource.PRETRAINED]
        return WeightChoice(offline[0], seed)
    if asked in offered:
        return WeightChoice(WeightSource(asked), seed)
    if asked in [*WeightSource] or not Path(asked).suffix:
        known = ", ".join([*offered, "FILE"])
        raise OptionError("option_unknown", option="weights", value=asked, known=known)
    return WeightChoice(WeightSource.FILE, path=Path(asked))


def choose_network(name: str, asked: str, seed: int = 0) -> NetworkChoice:
    """A network of the tables by name, with the weights that a word means."""
    return NetworkChoice(name, choose_weights(name, asked, seed))


def load_one(name: str, path: Path | None, weights: str = "", seed: int = 0) -> Loaded:
    """One network: of a weights file, where ``name`` is its form if it does not say; or by name.

    "" is resnet20; ``weights`` as for ``choose_weights``.
    """
    if path is not None:
        return load_checkpoint(path, NetworkSpec.preset(name) if name else None)
    return load_choice(choose_network(name or "resnet20", weights, seed))


def load_choice(choice: NetworkChoice) -> Loaded:
    """The network that was chosen, in evaluation mode, on the CPU."""
    spec = choice.spec
    if isinstance(spec, ZooSpec):
        return load_zoo(choice.name, choice.weights)
    return load_network(spec, choice.weights)


def load_both(
    first: NetworkChoice, second: NetworkChoice | None = None, device: str = "cpu"
) -> Pair[Loaded]:
    """Two networks side by side on ``device``; ``second`` None is the first one's plain twin.

    Raises ``OptionError`` for a network without a twin, and for two that cannot be compared.
    """
    one = load_choice(first)
    if second is not None:
        if not first.comparable(second):
            raise OptionError("networks_differ", first=first.name, second=second.name)
        two = load_choice(second)
    elif isinstance(one, LoadedNetwork) and first.has_twin:
        two = load_twin(one, first.weights)
    else:
        raise OptionError("network_no_twin", name=first.name)
    for loaded in (one, two):
        loaded.network.to(device)
    return Pair(one, two)
