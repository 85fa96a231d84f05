"""``NetworkRef``: names a network and its weights without loading them.

Pages, commands, background runs, experiments and links pass on a ``NetworkRef``; ``load`` builds
the network.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from resnet_viz.checkpoints.identifying.metadata import file_spec
from resnet_viz.checkpoints.reading.file_metadata import file_footing
from resnet_viz.checkpoints.sources.bundled_files import bundled_footing
from resnet_viz.checkpoints.weight_sources import (
    LONGEST,
    is_known,
    unknown,
    weight_sources,
)
from resnet_viz.checkpoints.weights import FRESH, Weights
from resnet_viz.core.converter import JsonObject, decode, encode
from resnet_viz.core.errors import OptionError
from resnet_viz.networks.zoo.build_zoo import zoo_classes
from resnet_viz.networks.zoo.catalog import ZOO, zoo_spec
from resnet_viz.networks.zoo.labels import class_names
from resnet_viz.records import Footing, WeightSource
from resnet_viz.spec import RESIDUAL_PRESETS, Kind, NetworkSpec, ZooSpec, twin_name


@dataclass(frozen=True)
class NetworkRef:
    """A network and its weights, by name; hashable, and convertible to JSON.

    >>> NetworkRef.parse("resnet20").weights.source
    <WeightSource.BUNDLED: 'bundled'>
    >>> NetworkRef.parse("resnet20").twin().architecture
    'plain20'

    Parameters
    ----------
    architecture
        The name of a preset or a zoo network; a spec, for a custom design; or None for a weights
        file whose network is identified on loading. For a lesion: the network before its shortcuts
        are cut.
    weights
        Random weights with seed 0 by default.
    labels
        Class names, if they are not the usual ones.

    Raises
    ------
    OptionError
        If ``architecture`` is None and the weights are not a file's.

    """

    architecture: str | NetworkSpec | None
    weights: Weights = FRESH
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.architecture is None and _file(self.weights) is None:
            raise unknown("network", "", [*RESIDUAL_PRESETS])

    @classmethod
    def parse(cls, words: str, weights: str = "", *, seed: int = 0) -> "NetworkRef":
        """Parse the network of a command or a link.

        Parameters
        ----------
        words
            ``resnet56``, ``resnet56:random``, ``resnet56:weights.pth`` or ``weights.pth``. Without
            weights, the best that need no download: bundled, otherwise random.
        weights
            The part after the colon, if it is passed separately.
        seed
            Seed of random weights.

        Raises
        ------
        OptionError
            If the network is unknown or has no such weights.

        """
        name = words
        if not weights and not is_known(words):
            name, _, weights = words.partition(":")
            if not is_known(name) and PurePath(words).suffix:
                return cls(None, Weights.parse(words))
        offered = weight_sources(name)
        if not weights:
            weights = next(s for s in offered if s is not WeightSource.PRETRAINED)
        return cls(name, Weights.parse(weights, seed=seed, offered=offered))

    @property
    def design(self) -> NetworkSpec | None:
        """The spec of a custom design; None for a named network or a file."""
        return self.architecture if isinstance(self.architecture, NetworkSpec) else None

    @property
    def spec(self) -> NetworkSpec | ZooSpec:
        """The network's spec; that of the plain twin for a lesion.

        Raises
        ------
        SpecError
            If the name is unknown.
        CheckpointError
            If a file contains no spec. ``load`` identifies its network.

        """
        whole = self._whole_spec()
        if isinstance(whole, NetworkSpec) and self.weights.source is WeightSource.LESION:
            return whole.plain()
        return whole

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the outputs."""
        if self.labels:
            return self.labels
        spec = self.spec
        return zoo_classes(spec.name) if isinstance(spec, ZooSpec) else class_names(spec)

    @property
    def title(self) -> str:
        """The name to show: the title of the weights, otherwise the network's or file's name."""
        if self.weights.title or self.architecture is None:
            return self.weights.title or PurePath(_file(self.weights) or "").stem
        return self.architecture if isinstance(self.architecture, str) else self.architecture.name

    @property
    def has_twin(self) -> bool:
        """Whether the network has a plain twin."""
        if self.weights.source is WeightSource.LESION:
            return False
        if self.architecture is None:  # not known before the file is loaded
            return True
        spec = self.spec
        return isinstance(spec, NetworkSpec) and spec.kind is Kind.RESIDUAL

    @property
    def footing(self) -> Footing | None:
        """How it was trained and what it reached, from its file; None if that is not known."""
        match self.weights.source:
            case WeightSource.BUNDLED:
                return bundled_footing(self.spec.name)
            case WeightSource.FILE if self.weights.path is not None:
                return file_footing(self.weights.path)
            case _:
                return None

    def twin(self) -> "NetworkRef":
        """The plain twin, with weights of the same origin.

        Its weights are ``weights.twin`` if set, the bundled ones for a bundled network, and those
        of the same seed for random weights. For published weights and for a single file there are
        no trained plain weights; the twin is then the lesion.

        Raises
        ------
        OptionError
            If the network is plain or from the zoo.

        """
        if not self.has_twin:
            raise OptionError("network_no_twin", name=self.title[:LONGEST])
        weights = self.weights.twin
        if weights is None and self.weights.source in (WeightSource.BUNDLED, WeightSource.RANDOM):
            weights = self.weights
        if weights is None:
            lesion = Weights(WeightSource.LESION, of=self.weights)
            return NetworkRef(self.architecture, lesion, self.labels)
        match self.architecture:
            case NetworkSpec():
                return NetworkRef(self.architecture.plain(), weights, self.labels)
            case str():
                return NetworkRef(twin_name(self.architecture), weights, self.labels)
            case None:
                return NetworkRef(None, weights, self.labels)

    def before_lesion(self) -> "NetworkRef":
        """The network before a lesion cuts its shortcuts; any other network is returned as is."""
        if self.weights.of is None:
            return self
        return NetworkRef(self.architecture, self.weights.of, self.labels)

    def comparable(self, other: "NetworkRef") -> bool:
        """Whether both have the same input size, input channels and number of classes."""
        return same_input(self.spec, other.spec)

    def to_dict(self) -> JsonObject:
        """Return plain values for JSON."""
        return {
            "architecture": encode(self.architecture),
            "weights": encode(self.weights),
            "labels": list(self.labels),
        }

    @classmethod
    def from_dict(cls, values: JsonObject) -> "NetworkRef":
        """Return the network that ``to_dict`` wrote."""
        architecture = values["architecture"]
        if isinstance(architecture, Mapping):
            architecture = NetworkSpec.from_dict(architecture)
        weights = decode(Weights, values["weights"])
        return cls(architecture, weights, tuple(map(str, values["labels"])))

    def _whole_spec(self) -> NetworkSpec | ZooSpec:
        match self.architecture:
            case NetworkSpec():
                return self.architecture
            case str():
                in_zoo = self.architecture in ZOO
                return (zoo_spec if in_zoo else NetworkSpec.preset)(self.architecture)
            case None:
                return file_spec(_file(self.weights) or Path())


def same_input(first: NetworkSpec | ZooSpec, second: NetworkSpec | ZooSpec) -> bool:
    """Whether two networks have the same input size, input channels and number of classes."""
    return (first.input_size, first.input_channels, first.classes) == (
        second.input_size,
        second.input_channels,
        second.classes,
    )


def trained_ref(folder: Path, title: str = "", labels: tuple[str, ...] = ()) -> NetworkRef | None:
    """The trained network in the folder of a training; None before the end of the first epoch.

    Parameters
    ----------
    folder
        The output folder of a training.
    title
        Name to show for the weights.
    labels
        Class names.

    Returns
    -------
    NetworkRef or None
        The residual network, with its trained plain twin in ``weights.twin``; or the only network
        that was trained.

    Raises
    ------
    CheckpointError
        If the file contains no spec.

    """
    residual, plain = (
        Weights(WeightSource.FILE, path=path, title=title) if path.is_file() else None
        for path in (folder / f"{kind}.safetensors" for kind in (Kind.RESIDUAL, Kind.PLAIN))
    )
    main = residual or plain
    if main is None or main.path is None:
        return None
    twin = plain if residual else None
    weights = Weights(WeightSource.FILE, path=main.path, title=title, twin=twin)
    return NetworkRef(file_spec(main.path), weights, labels)


def _file(weights: Weights) -> Path | None:
    return weights.path if weights.of is None else _file(weights.of)
