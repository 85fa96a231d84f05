"""The user's own pictures for a diagnosis: a folder, a ZIP, or a known data set."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from resnet_viz.checkpoints.identifying.identify import Identification
from resnet_viz.core.errors import DataError, ImageError
from resnet_viz.core.places import cifar10_folders, fashion_mnist_folder
from resnet_viz.datasets.dataset import Dataset, ImageSet, measured
from resnet_viz.datasets.load_dataset import known_datasets, load_dataset
from resnet_viz.datasets.named import from_sheets
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES
from resnet_viz.pictures.decode import read_picture, safe_name
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING, Preprocessing, normalise, seen

MOST_LABELLED = 2_000  # images that are classified
MOST_LOOKED_AT = 64  # images whose activations are measured
_MOST_FILES = 2_000  # of a flat folder that are tried


@dataclass(frozen=True, eq=False)
class OwnImages:
    """Pixels at the network's size, and labels where they are known."""

    name: str
    pixels: UInt8[Tensor, "n channels size size"]
    labels: Int64[Tensor, " n"] | None
    preprocessing: Preprocessing

    def batch(self) -> Float[Tensor, "n channels size size"]:
        """Some of the images, spread evenly, normalised."""
        step = max(1, len(self.pixels) // MOST_LOOKED_AT)
        return normalise(self.pixels[::step][:MOST_LOOKED_AT], self.preprocessing)


def user_images(place: str | Path, found: Identification) -> OwnImages:
    """Pictures for a network; ``DataError`` where there are none that it can look at."""
    path = Path(place)
    if path.is_dir() and not any(_folders(path)):
        return _flat(path, found)
    if not (path.exists() or str(place) in known_datasets()):
        known = ", ".join(known_datasets())
        raise DataError("data_unknown", name=safe_name(str(place)), known=known)
    data = _loaded(str(place), found)
    _, channels, size, _ = data.test.images.shape
    if channels == 3 and found.spec.input_channels == 1:
        data = _in_grey(data)
        channels = 1
    if size != found.preprocessing.size or channels != found.spec.input_channels:
        raise DataError("images_other_size", name=safe_name(data.name), size=size,
                        wanted=found.preprocessing.size)  # fmt: skip
    return _labelled(data, found)


def local_datasets() -> list[str]:
    """Data sets with a name that lie on this machine: nothing has to be downloaded."""
    there = {
        "cifar10": any(folder.is_dir() for folder in cifar10_folders()),
        "fashion-mnist": fashion_mnist_folder().is_dir(),
        "digits": True,
    }
    return [name for name in known_datasets() if there.get(name)]


def _loaded(place: str, found: Identification) -> Dataset:
    """A data set; of CIFAR-10's contact sheets the test images alone, which is much quicker."""
    sheets = next((folder for folder in cifar10_folders() if folder.is_dir()), None)
    if place != "cifar10" or sheets is None:
        return load_dataset(place, size=found.preprocessing.size)
    test = from_sheets(sheets, ("test",))
    return Dataset(place, CIFAR10_CLASSES, CIFAR_PREPROCESSING, test, test)


def _in_grey(data: Dataset) -> Dataset:
    """ITU-R 601 luma instead of three colours."""
    luma = torch.tensor((0.299, 0.587, 0.114)).view(1, 3, 1, 1)
    parts = [
        ImageSet((part.images * luma).sum(1, keepdim=True).round().to(torch.uint8), part.labels)
        for part in (data.train, data.test)
    ]
    return replace(data, train=parts[0], test=parts[1], preprocessing=measured(parts[0].images))


def _folders(path: Path) -> list[Path]:
    return [p for p in path.iterdir() if p.is_dir() and not p.name.startswith((".", "__"))]


def _flat(path: Path, found: Identification) -> OwnImages:
    """The pictures that lie in a folder, in the order of their names."""
    pixels: list[UInt8[np.ndarray, "size size 3"]] = []
    for file in sorted(path.iterdir())[:_MOST_FILES]:
        if file.is_symlink() or not file.is_file() or len(pixels) >= MOST_LOOKED_AT:
            continue
        try:
            pixels.append(seen(read_picture(file), found.preprocessing))
        except ImageError:
            continue  # other files may lie among the pictures
    if len(pixels) < 2:
        raise DataError("images_none", name=safe_name(path.name))
    stacked = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2)
    return OwnImages(safe_name(path.name), stacked, None, found.preprocessing)


def _labelled(data: Dataset, found: Identification) -> OwnImages:
    """Test images, or all where the whole set is small; labels by class name, else by number."""
    images, labels = data.test.images, data.test.labels
    if len(labels) < MOST_LABELLED // 4:
        images = torch.cat([images, data.train.images])
        labels = torch.cat([labels, data.train.labels])
    step = max(1, len(labels) // MOST_LABELLED)
    images, labels = images[::step][:MOST_LABELLED], labels[::step][:MOST_LABELLED]
    names = [name.casefold() for name in found.classes]
    own_look = _preprocessing(data, found)
    if all(name.casefold() in names for name in data.classes):
        own = torch.tensor([names.index(name.casefold()) for name in data.classes])
        return OwnImages(safe_name(data.name), images, own[labels], own_look)
    known = labels if len(data.classes) == len(found.classes) else None
    return OwnImages(safe_name(data.name), images, known, own_look)


def _preprocessing(data: Dataset, found: Identification) -> Preprocessing:
    """The network's; the data's own where the file of a network of grey images tells none."""
    fits = len(found.preprocessing.mean) == found.spec.input_channels
    return found.preprocessing if fits else data.preprocessing
