"""CIFAR-10's test images: all of them where they are on this machine, else the bundled excerpt.

Nothing here downloads. The excerpt has 1,000 of the 10,000 images, 100 of each class; see
``assets/data/cifar10-excerpt/README.md``.
"""

from functools import cache
from pathlib import Path

from resnet_viz.core.errors import OptionError
from resnet_viz.core.places import ASSETS, cifar10_folders
from resnet_viz.datasets.dataset import Dataset, ImageSet, in_turn
from resnet_viz.datasets.named import downloaded, downloaded_cifar10_test, from_sheets
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING

EXCERPT = ASSETS / "data" / "cifar10-excerpt"
EACH = 100  # images of each class in the excerpt
WHOLE = 10_000  # test images of the whole set


def cifar10_test() -> ImageSet:
    """Return the test images: the whole set where it is on this machine, else the excerpt."""
    if (sheets := _sheets()) is not None:
        return _read_sheets(sheets)
    return _read_download() if downloaded("cifar10") else excerpt()


def excerpt() -> ImageSet:
    """Return the 1,000 bundled test images."""
    return _read_sheets(EXCERPT)


def is_excerpt() -> bool:
    """Return whether only the excerpt is on this machine."""
    return _sheets() is None and not downloaded("cifar10")


def first_test_images(count: int) -> ImageSet:
    """Return the first test images: one of every class, then a second of every class, ...

    Raises
    ------
    OptionError
        If only the excerpt is on this machine and it has fewer images.

    """
    test = cifar10_test()
    if count > len(test):
        raise OptionError("images_excerpt", images=f"{count:,}", have=f"{len(test):,}",
                          whole=f"{WHOLE:,}", folder=str(cifar10_folders()[0]))  # fmt: skip
    return test.at(in_turn(test.labels, len(CIFAR10_CLASSES))[:count])


def cifar10_test_only() -> Dataset:
    """CIFAR-10 for uses that need no training images; ``train`` is empty."""
    test = cifar10_test()
    none = test.at(test.labels[:0])
    return Dataset("cifar10", CIFAR10_CLASSES, CIFAR_PREPROCESSING, none, test)


def _sheets() -> Path | None:
    return next((folder for folder in cifar10_folders() if (folder / "test").is_dir()), None)


@cache
def _read_sheets(folder: Path) -> ImageSet:
    return from_sheets(folder, ("test",))


@cache
def _read_download() -> ImageSet:
    return downloaded_cifar10_test()
