"""Make the excerpt of CIFAR-10's test set in ``assets/data/cifar10-excerpt``, or check it.

    python -m scripts.cifar10_excerpt FOLDER   # contact sheets of the whole set, with ``test/``
    python -m scripts.cifar10_excerpt          # checks the excerpt against the set on this machine

Making takes the first 100 images of each class in the order of the sheets. Checking needs
CIFAR-10 in any form, also torchvision's download: it looks for every image of the excerpt, pixel
for pixel, among the test images of its class.
"""

import sys
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image
from torch import Tensor

from resnet_viz.datasets.cifar10_images import EACH, EXCERPT, cifar10_test, excerpt
from resnet_viz.datasets.dataset import ImageSet
from resnet_viz.datasets.named import SHEET_COLUMNS, from_sheets
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES


def make(whole: ImageSet, folder: Path) -> None:
    """Write the first images of each class as one lossless contact sheet a class."""
    (folder / "test").mkdir(parents=True, exist_ok=True)
    for label, name in enumerate(CIFAR10_CLASSES):
        first = whole.images[whole.labels == label][:EACH]
        sheet = Image.fromarray(contact_sheet(first))
        sheet.save(folder / "test" / f"{name}.webp", lossless=True, quality=100, method=6)


def contact_sheet(tiles: UInt8[Tensor, "n 3 side side"]) -> UInt8[np.ndarray, "height width 3"]:
    """Lay tiles out row by row, as ``read_sheet`` reads them."""
    count, channels, side, _ = tiles.shape
    rows = tiles.view(count // SHEET_COLUMNS, SHEET_COLUMNS, channels, side, side)
    return rows.permute(0, 3, 1, 4, 2).reshape(-1, SHEET_COLUMNS * side, channels).numpy()


def missing(part: ImageSet, whole: ImageSet) -> int:
    """Count the images of ``part`` that are not in ``whole`` with the same class."""
    known = set(_identities(whole))
    return sum(identity not in known for identity in _identities(part))


def _identities(images: ImageSet) -> list[tuple[int, bytes]]:
    pixels = (image.tobytes() for image in images.images.numpy())
    return list(zip(images.labels.tolist(), pixels, strict=True))


def main(arguments: list[str]) -> None:
    """Make the excerpt from a folder, or check it."""
    if arguments:
        make(from_sheets(Path(arguments[0]), ("test",)), EXCERPT)
    whole = from_sheets(Path(arguments[0]), ("test",)) if arguments else cifar10_test()
    absent = missing(excerpt(), whole)
    print(f"{len(excerpt())} images, {absent} of them not among {len(whole)} test images")
    sys.exit(absent > 0)


if __name__ == "__main__":
    main(sys.argv[1:])
