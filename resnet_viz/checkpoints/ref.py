"""One way to name a network with weights.

A page, a command, a background run, an experiment and a link all hand on a ``NetworkRef``; nothing
is built or read until ``load`` is called.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from resnet_viz.checkpoints.identifying.metadata import file_spec
from resnet_viz.checkpoints.weight_sources import (
    LONGEST,
    is_known,
    unknown,
    weight_sources,
)
from resnet_viz.core.converter import JsonObject, decode, encode
from resnet_viz.core.errors import OptionError
from resnet_viz.networks.zoo.catalog import ZOO, zoo_classes, zoo_spec
from resnet_viz.networks.zoo.labels import class_names
from resnet_viz.records import WeightSource
from resnet_viz.spec import RESIDUAL_PRESETS, Kind, NetworkSpec, ZooSpec, twin_name

_WORDS = (WeightSource.BUNDLED, WeightSource.PRETRAINED, WeightSource.RANDOM)


@dataclass(frozen=True)
class Weights:
    """Where the weights of a network come from.

    Parameters
    ----------
    source
        ``BUNDLED`` and ``PRETRAINED`` need no more; the others need one of the fields below.
    seed
        Of ``RANDOM``.
    path
        Of ``FILE``.
    title
        What to call a file, where its name says too little.
    of
        Of ``LESION``: the weights whose network loses its shortcuts.
    twin
        Weights of the plain twin, where they are not the usual ones (see ``NetworkRef.twin``): a
        training leaves a file of each.

    Raises
    ------
    OptionError
        Where a file has no path, or a lesion no weights.

    """

    source: WeightSource = WeightSource.RANDOM
    seed: int = 0
    path: Path | None = None
    title: str = ""
    of: "Weights | None" = None
    twin: "Weights | None" = None

    def __post_init__(self) -> None:
        needed = {WeightSource.FILE: self.path, WeightSource.LESION: self.of}
        if self.source in needed and needed[self.source] is None:
            raise unknown("weights", self.source, [*_WORDS, "FILE"])

    @classmethod
    def parse(
        cls, words: str, *, seed: int = 0, offered: Sequence[WeightSource] = _WORDS
    ) -> "Weights":
        """Weights by a word on offer, or else by a file's path; ``seed`` is that of random ones.

        Raises ``OptionError`` for a word that is not on offer.
        """
        if words in offered:
            source = WeightSource(words)
            return cls(source, seed if source is WeightSource.RANDOM else 0)
        if words in [*WeightSource] or not PurePath(words).suffix:
            raise unknown("weights", words, [*offered, "FILE"])
        return cls(WeightSource.FILE, path=Path(words))

    def __str__(self) -> str:
        """As ``parse`` reads it."""
        return self.source.value if self.path is None else str(self.path)


#: Random weights of seed 0.
FRESH = Weights()


@dataclass(frozen=True)
class NetworkRef:
    """A network with weights, by name: small, hashable, and as JSON.

    >>> NetworkRef.parse("resnet20").weights.source
    <WeightSource.BUNDLED: 'bundled'>
    >>> NetworkRef.parse("resnet20").twin().architecture
    'plain20'

    Parameters
    ----------
    architecture
        The name of a preset or of a network of the zoo; a spec, for a design of one's own; or None
        for a file that says, or shows, which network it is of. Of a lesion it is the network as it
        was before its shortcuts were cut.
    weights
        Fresh ones of seed 0 by default.
    labels
        Names of the classes, where they are not the usual ones.

    """

    architecture: str | NetworkSpec | None
    weights: Weights = FRESH
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.architecture is None and _file(self.weights) is None:
            raise unknown("network", "", [*RESIDUAL_PRESETS])

    @classmethod
    def parse(cls, words: str, weights: str = "", *, seed: int = 0) -> "NetworkRef":
        """A network by the words of a command or of a link.

        Parameters
        ----------
        words
            ``resnet56``, ``resnet56:random``, ``resnet56:weights.pth`` or ``weights.pth``. A
            network alone gets the best weights that need no download: bundled, else random.
        weights
            What follows the colon, where it is given by itself.
        seed
            Of random weights.

        Raises
        ------
        OptionError
            For a network that nobody knows, and for weights that it does not have.

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
        """The spec, where the network is not in the tables."""
        return self.architecture if isinstance(self.architecture, NetworkSpec) else None

    @property
    def spec(self) -> NetworkSpec | ZooSpec:
        """What the network is.

        Raises ``SpecError`` for an unknown name, and ``CheckpointError`` for a file that does not
        say what it is: there ``load`` finds it out.
        """
        whole = self._whole_spec()
        if isinstance(whole, NetworkSpec) and self.weights.source is WeightSource.LESION:
            return whole.plain()
        return whole

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of its classes."""
        if self.labels:
            return self.labels
        spec = self.spec
        return zoo_classes(spec.name) if isinstance(spec, ZooSpec) else class_names(spec)

    @property
    def title(self) -> str:
        """What to call it: the weights' title, else the network's name or the file's."""
        if self.weights.title or self.architecture is None:
            return self.weights.title or PurePath(_file(self.weights) or "").stem
        return self.architecture if isinstance(self.architecture, str) else self.architecture.name

    @property
    def has_twin(self) -> bool:
        """Whether ``twin`` gives one."""
        if self.weights.source is WeightSource.LESION:
            return False
        if self.architecture is None:  # what the file is shows when it is loaded
            return True
        spec = self.spec
        return isinstance(spec, NetworkSpec) and spec.kind is Kind.RESIDUAL

    def twin(self) -> "NetworkRef":
        """The plain twin, with weights of the same origin.

        ``weights.twin`` where it is set; else the bundled twin of a bundled network and the same
        seed for random weights. Nobody has published a plain network, and a file alone has no
        second one: their twin is the lesion.

        Raises
        ------
        OptionError
            For a plain network and for one of the zoo.

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
        """The network whose shortcuts a lesion cuts; any other network is itself."""
        if self.weights.of is None:
            return self
        return NetworkRef(self.architecture, self.weights.of, self.labels)

    def comparable(self, other: "NetworkRef") -> bool:
        """Whether both see the same picture and know as many classes."""
        return same_input(self.spec, other.spec)

    def to_dict(self) -> JsonObject:
        """Plain values for JSON."""
        return {
            "architecture": encode(self.architecture),
            "weights": encode(self.weights),
            "labels": list(self.labels),
        }

    @classmethod
    def from_dict(cls, values: JsonObject) -> "NetworkRef":
        """The inverse of ``to_dict``."""
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
    """Whether two networks see the same picture and know as many classes."""
    return (first.input_size, first.input_channels, first.classes) == (
        second.input_size,
        second.input_channels,
        second.classes,
    )


def trained_ref(folder: Path, title: str = "", labels: tuple[str, ...] = ()) -> NetworkRef | None:
    """What a training has left in a folder; None before its first epoch.

    The residual network, which knows its trained plain twin; or the only network that there is.
    Raises ``CheckpointError`` where the file does not say which network it is of.
    """
    residual, plain = (
        Weights(WeightSource.FILE, path=path, title=title) if path.is_file() else None
        for path in (folder / f"{kind}.safetensors" for kind in (Kind.RESIDUAL, Kind.PLAIN))
    )
    alone = residual or plain
    if alone is None or alone.path is None:
        return None
    twin = plain if residual else None
    weights = Weights(WeightSource.FILE, path=alone.path, title=title, twin=twin)
    return NetworkRef(file_spec(alone.path), weights, labels)


def _file(weights: Weights) -> Path | None:
    return weights.path if weights.of is None else _file(weights.of)
