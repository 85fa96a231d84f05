"""Events of a background run that explains many pictures."""

from collections.abc import Mapping
from dataclasses import dataclass

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.records.faithfulness_scores import Better
from resnet_viz.records.map_facts import Blank


@dataclass(frozen=True)
class PicturesFound:
    """The number of entries in the source of pictures."""

    total: int

    @property
    def key(self) -> str:
        """Unique: a run has one."""
        return "pictures"


@dataclass(frozen=True)
class MethodRow:
    """The explanation of one picture by one method with one network."""

    network: int  # index among the run's networks
    method: str
    prediction: str  # predicted class
    probability: float  # of the prediction, 0 to 1
    right: bool | None  # whether prediction and label agree; None if the label is no known class
    target: str  # explained class
    place: str | None  # the layer or layers of the map; None for a method at the input
    map_maximum: float
    blank: Blank | None  # why the map is blank; None if it is not
    scores: Mapping[str, float]  # faithfulness by measure
    better: Mapping[str, Better]  # whether low or high is better, by measure


@dataclass(frozen=True)
class Refusal:
    """A method that does not work with a network."""

    network: int  # index among the run's networks
    method: str
    error: ResnetVizError


@dataclass(frozen=True)
class PictureResult:
    """One entry of the source: an explained picture, or a skipped file."""

    number: int  # counted from 1
    name: str
    label: str
    thumbnail: str = ""  # JPEG as a data URL
    rows: tuple[MethodRow, ...] = ()
    refused: tuple[Refusal, ...] = ()
    skipped: ResnetVizError | None = None  # why the entry was skipped

    @property
    def key(self) -> str:
        """Unique per picture: all are stored."""
        return f"picture/{self.number:04d}"
