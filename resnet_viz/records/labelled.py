"""What labelled images say of a checkpoint: tier 3 of a diagnosis."""

from dataclasses import dataclass

from resnet_viz.core.converter import JsonObject, encode


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

    def contract(self) -> JsonObject:
        """What programs are told: everything but pictures and maps."""
        values: JsonObject = encode(self)
        for image in (*values["suspects"], *values["losses"]):
            del image["picture"], image["cam"]
        return values
