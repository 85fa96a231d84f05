"""What a run over many pictures reports."""

from collections.abc import Mapping
from dataclasses import dataclass

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.records.explanation import Better, Blank


@dataclass(frozen=True)
class PicturesFound:
    """How many entries the source has."""

    total: int

    @property
    def key(self) -> str:
        """A run has one."""
        return "pictures"


@dataclass(frozen=True)
class MethodRow:
    """One picture explained by one method with one network.

    Parameters
    ----------
    network
        Its number in the run, from 0.
    right
        Whether the prediction is the picture's label; None where the network does not know it.
    place
        The layer, or layers, of the map; None for the input.
    scores
        Faithfulness by measure; ``better`` says which end of each speaks for the map.

    """

    network: int
    method: str
    prediction: str
    probability: float
    right: bool | None
    target: str
    place: str | None
    map_maximum: float
    blank: Blank | None
    scores: Mapping[str, float]
    better: Mapping[str, Better]


@dataclass(frozen=True)
class Refusal:
    """A method that does not work with a network, numbered as in ``MethodRow``."""

    network: int
    method: str
    error: ResnetVizError


@dataclass(frozen=True)
class PictureResult:
    """One entry of the source, numbered from 1: explained, or skipped as no picture.

    ``thumbnail`` is a JPEG as a data URL.
    """

    number: int
    name: str
    label: str
    thumbnail: str = ""
    rows: tuple[MethodRow, ...] = ()
    refused: tuple[Refusal, ...] = ()
    skipped: ResnetVizError | None = None

    @property
    def key(self) -> str:
        """Each picture is kept."""
        return f"picture/{self.number:04d}"
