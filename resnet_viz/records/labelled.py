"""The evaluation of a checkpoint on labelled images, a part of its diagnosis."""

from dataclasses import dataclass

from resnet_viz.core.converter import JsonObject, encode


@dataclass(frozen=True)
class JudgedImage:
    """One labelled image and its prediction."""

    number: int  # index among the classified images
    truth: int  # labelled class
    answer: int  # predicted class, or the class that the label is suspected to be
    truth_probability: float  # 0 to 1
    answer_probability: float  # 0 to 1
    loss: float  # cross-entropy in nats
    picture: str  # PNG in base64, at the network's resolution
    cam: tuple[tuple[float, ...], ...] = ()  # Grad-CAM of ``answer``, rows of values; may be empty


@dataclass(frozen=True)
class ConfusedPair:
    """How often images of class ``truth`` are classified as ``answer``."""

    truth: int
    answer: int
    images: int
    share: float  # of the images of class ``truth``, 0 to 1


@dataclass(frozen=True)
class ChangedAccuracy:
    """The accuracy on corrupted images.

    Units of ``strength``: 1/32 of the image's side for shift and blur, grey levels of 255 for
    noise, quality from 1 to 95 for JPEG.
    """

    change: str
    strength: float  # 0: unchanged
    accuracy: float  # 0 to 1
    images: int


@dataclass(frozen=True)
class Labelled:
    """The evaluation of a checkpoint on labelled images.

    "Scaled" means after temperature scaling. The fields with defaults take longer to compute and
    are empty until they are ready.
    """

    images: int
    classes: tuple[str, ...]  # names by index
    accuracy: float  # 0 to 1
    recall: tuple[float, ...]  # by class, 0 to 1
    confusion: tuple[tuple[int, ...], ...]  # images; rows are true classes
    calibration_error: float  # 0 to 1
    calibration_error_scaled: float  # 0 to 1
    temperature: float
    reliability: tuple[tuple[float, float, int], ...]  # confidence, accuracy, images per bin
    reliability_scaled: tuple[tuple[float, float, int], ...]
    pairs: tuple[ConfusedPair, ...]
    suspected: int = 0  # images with a label that is probably wrong
    suspects: tuple[JudgedImage, ...] = ()  # some of them
    losses: tuple[JudgedImage, ...] = ()  # images with the largest loss
    cam_layer: str = ""  # layer of the Grad-CAM maps
    robustness: tuple[ChangedAccuracy, ...] = ()

    def contract(self) -> JsonObject:
        """Return the command line's JSON output: everything except pictures and maps."""
        values: JsonObject = encode(self)
        for image in (*values["suspects"], *values["losses"]):
            del image["picture"], image["cam"]
        return values
