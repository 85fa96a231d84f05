"""What labelled images say of a checkpoint: tier 3 of a diagnosis."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class JudgedImage:
    """One labelled image and what the network says of it.

    ``number`` counts from 0 through the images that were classified; ``answer`` is the class that
    the finding is about. ``picture`` is a PNG in base64 at the network's resolution, ``cam`` the
    raw Grad-CAM of ``answer`` at ``Labelled.cam_layer``, row by row; () where none was made.
    """

    number: int
    truth: int
    answer: int
    truth_probability: float
    answer_probability: float
    loss: float  # cross-entropy, nats
    picture: str
    cam: tuple[tuple[float, ...], ...] = ()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "JudgedImage":
        """The inverse of ``dataclasses.asdict``, also after a way through JSON."""
        return cls(**{**values, "cam": _tuples(values["cam"])})


@dataclass(frozen=True)
class ConfusedPair:
    """How often images of class ``truth`` are called ``answer``."""

    truth: int
    answer: int
    images: int
    share: float  # of the images of ``truth``


@dataclass(frozen=True)
class ChangedAccuracy:
    """Accuracy on images that were changed; ``strength`` 0 is unchanged.

    Units of ``strength``: shift and blur, thirty-seconds of the image's side; noise, grey levels
    of 255; jpeg, quality from 1 to 95.
    """

    change: str
    strength: float
    accuracy: float
    images: int


@dataclass(frozen=True)
class Labelled:
    """What labelled images say. Shares are 0 to 1; ``confusion`` is rows = true class.

    ``reliability`` and ``reliability_scaled`` are (confidence, accuracy, images) of each bin,
    before and after the temperature. ``suspects`` are likely wrong labels out of
    ``suspected`` images. Long parts come last and are empty until they are done.
    """

    images: int
    classes: tuple[str, ...]
    accuracy: float
    recall: tuple[float, ...]
    confusion: tuple[tuple[int, ...], ...]
    calibration_error: float
    calibration_error_scaled: float
    temperature: float
    reliability: tuple[tuple[float, float, int], ...]
    reliability_scaled: tuple[tuple[float, float, int], ...]
    pairs: tuple[ConfusedPair, ...]
    suspected: int = 0
    suspects: tuple[JudgedImage, ...] = ()
    losses: tuple[JudgedImage, ...] = ()
    cam_layer: str = ""
    robustness: tuple[ChangedAccuracy, ...] = ()

    def contract(self) -> dict[str, Any]:
        """What programs are told: everything but pictures and maps."""
        told = asdict(self)
        for row in (*told["suspects"], *told["losses"]):
            del row["picture"], row["cam"]
        return told

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Labelled":
        """The inverse of ``dataclasses.asdict``, also after a way through JSON."""
        read = {key: _tuples(value) for key, value in values.items()}
        read["recall"] = tuple(map(float, values["recall"]))  # NaN is a word in JSON
        read["pairs"] = tuple(ConfusedPair(**row) for row in values["pairs"])
        read["robustness"] = tuple(ChangedAccuracy(**row) for row in values["robustness"])
        for name in ("suspects", "losses"):
            read[name] = tuple(map(JudgedImage.from_dict, values[name]))
        return cls(**read)


def _tuples(value: Any) -> Any:  # noqa: ANN401  # from JSON
    return tuple(_tuples(item) for item in value) if isinstance(value, (list, tuple)) else value
