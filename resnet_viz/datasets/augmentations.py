"""The augmentation of each data set: changes that leave the class of its images as it is."""

from collections.abc import Mapping
from dataclasses import dataclass

from resnet_viz.records import ImageChanges

_SHARE = 8  # He 2015, sec. 4.2, shifts by 4 of 32 pixels: an eighth of the side


@dataclass(frozen=True)
class OwnAugmentation:
    """The usual augmentation of a data set; its reason is the sentence ``train.why_<why>``."""

    changes: ImageChanges
    why: str
    side: int  # pixels of its images


#: By data set. A row's reason is shown on the page and printed in docs/reference/training.md.
AUGMENTATIONS: Mapping[str, OwnAugmentation] = {
    "cifar10": OwnAugmentation(ImageChanges(shift=4, flip=True), "cifar", 32),
    "cifar100": OwnAugmentation(ImageChanges(shift=4, flip=True), "cifar", 32),
    "fashion-mnist": OwnAugmentation(ImageChanges(shift=3, flip=False), "fashion", 28),
    "mnist": OwnAugmentation(ImageChanges(shift=3, flip=False), "mnist", 28),
    "digits": OwnAugmentation(ImageChanges(shift=0, flip=False), "digits", 8),
}


def augmentation_for(side: int) -> OwnAugmentation:
    """Return the augmentation of class folders of which only the size is known.

    Images are shifted by up to an eighth of their side, as CIFAR-10's are, and never mirrored:
    mirrored letters, road signs or X-rays are wrong, and no program can tell from the files.
    """
    return OwnAugmentation(ImageChanges(shift=side // _SHARE, flip=False), "folders", side)


def usual_shift(data: str, side: int) -> int:
    """Return the shift of a crop that is asked for: an eighth of the side.

    Parameters
    ----------
    data
        A named data set, whose side is known, or anything else.
    side
        Side in pixels that other images are resized to.

    """
    known = AUGMENTATIONS.get(data)
    return (known.side if known else side) // _SHARE
