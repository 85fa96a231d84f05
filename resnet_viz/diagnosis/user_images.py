"""``user_images``: the user's pictures for a diagnosis, from a folder, a ZIP or a data set."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from resnet_viz.checkpoints.identifying.identification import Identification
from resnet_viz.core.errors import DataError, ImageError
from resnet_viz.datasets.dataset import Dataset, ImageSet, measured
from resnet_viz.datasets.load_dataset import known_datasets, load_dataset
from resnet_viz.datasets.local_sets import local_set_of, local_test_set
from resnet_viz.diagnosis.pictures import RunPictures
from resnet_viz.diagnosis.thresholds import graded
from resnet_viz.pictures.decode import read_picture, safe_name
from resnet_viz.pictures.preprocess import Preprocessing, normalise, seen
from resnet_viz.records import CheckFinding

MOST_LABELLED = 2_000  # images that are classified
MOST_LOOKED_AT = 64  # images whose activations are measured
_MOST_ASKED = 200  # images that decide where a network's classes begin
_ANSWERED = 0.5  # share of right answers that decides it
_MOST_FILES = 2_000  # files of a folder that are tried as pictures


@dataclass(frozen=True, eq=False)
class OwnImages:
    """Pictures at the network's input size.

    Parameters
    ----------
    name
        Name of the folder, ZIP or data set.
    pixels
        Images, (n, channels, size, size) as uint8.
    labels
        Indices of the network's classes, (n,); None if they are not known.
    preprocessing
        How the pixels are normalised.
    folders
        Names of the images' classes, in the order in which they are numbered.
    outputs
        Number of the network's outputs, if it is not that of the classes; 0 otherwise.
    offset
        Output of the first class, where the network has more outputs than classes.

    """

    name: str
    pixels: UInt8[Tensor, "n channels size size"]
    labels: Int64[Tensor, " n"] | None
    preprocessing: Preprocessing
    folders: tuple[str, ...] = ()
    outputs: int = 0
    offset: int = 0

    def batch(self) -> Float[Tensor, "n channels size size"]:
        """Up to ``MOST_LOOKED_AT`` normalised images, spread evenly over the set."""
        step = max(1, len(self.pixels) // MOST_LOOKED_AT)
        return normalise(self.pixels[::step][:MOST_LOOKED_AT], self.preprocessing)

    def run_pictures(self) -> RunPictures:
        """The batch; labelled images are answered later, all of them."""
        return RunPictures(self.batch())

    def findings(self) -> Iterator[CheckFinding]:
        """Say that the network has more or fewer outputs than the images have classes."""
        if not self.outputs:
            return
        more = self.outputs - len(self.folders)
        case = "fewer" if more < 0 else "unmatched" if self.labels is None else "more"
        if case == "more" and more == self.offset == 1:
            case = "background"
        yield graded("class_count", float(abs(more)), case=case, outputs=str(self.outputs),
                     folders=str(len(self.folders)), first=str(self.offset),
                     last=str(self.offset + len(self.folders) - 1))  # fmt: skip


def user_images(place: str | Path, identification: Identification) -> OwnImages:
    """Load pictures for a network.

    Parameters
    ----------
    place
        A folder or ZIP of class folders, a folder of pictures without classes, or the name of a
        data set.
    identification
        The network, which determines size, channels and classes.

    Raises
    ------
    DataError
        If the place is unknown, has no pictures, or its images have another size or other channels
        than the network's input.

    """
    path = Path(place)
    if path.is_dir() and not any(_folders(path)):
        return _flat(path, identification)
    if not (os.path.exists(path) or str(place) in known_datasets()):
        known = ", ".join(known_datasets())
        raise DataError("data_unknown", name=safe_name(str(place)), known=known)
    data = _loaded(str(place), identification)
    _, channels, size, _ = data.test.images.shape
    if channels == 3 and identification.spec.input_channels == 1:
        data = _in_grey(data)
        channels = 1
    if size != identification.preprocessing.size or channels != identification.spec.input_channels:
        raise DataError("images_other_size", name=safe_name(data.name), size=size,
                        wanted=identification.preprocessing.size)  # fmt: skip
    return _labelled(data, identification)


def own_set(identification: Identification) -> str | None:
    """The data set of a network that was not trained on photographs; None if unknown or absent."""
    known = local_set_of(identification.spec, tuple(identification.classes))
    return None if known == "cifar10" else known


def _loaded(place: str, identification: Identification) -> Dataset:
    """Load a data set; of CIFAR-10 only the test images, which is much faster."""
    if place == "cifar10":
        return local_test_set(place)
    return load_dataset(place, size=identification.preprocessing.size)


def _in_grey(data: Dataset) -> Dataset:
    """Convert RGB to grey: ITU-R 601 luma."""
    luma = torch.tensor((0.299, 0.587, 0.114)).view(1, 3, 1, 1)
    parts = [
        ImageSet((part.images * luma).sum(1, keepdim=True).round().to(torch.uint8), part.labels)
        for part in (data.train, data.test)
    ]
    return replace(data, train=parts[0], test=parts[1], preprocessing=measured(parts[0].images))


def _folders(path: Path) -> list[Path]:
    return [p for p in path.iterdir() if p.is_dir() and not p.name.startswith((".", "__"))]


def _flat(path: Path, identification: Identification) -> OwnImages:
    """Read the pictures directly in a folder, sorted by name."""
    pixels: list[UInt8[np.ndarray, "size size 3"]] = []
    for file in sorted(path.iterdir())[:_MOST_FILES]:
        if file.is_symlink() or not file.is_file() or len(pixels) >= MOST_LOOKED_AT:
            continue
        try:
            pixels.append(seen(read_picture(file), identification.preprocessing))
        except ImageError:
            continue  # a folder may have other files too
    if len(pixels) < 2:
        raise DataError("images_none", name=safe_name(path.name))
    stacked = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2)
    return OwnImages(safe_name(path.name), stacked, None, identification.preprocessing)


def _labelled(data: Dataset, identification: Identification) -> OwnImages:
    """Take the test images (all of a small set), and match labels by class name or number."""
    images, labels = data.test.images, data.test.labels
    if len(labels) < MOST_LABELLED // 4:
        images = torch.cat([images, data.train.images])
        labels = torch.cat([labels, data.train.labels])
    step = max(1, len(labels) // MOST_LABELLED)
    images, labels = images[::step][:MOST_LABELLED], labels[::step][:MOST_LABELLED]
    names = [name.casefold() for name in identification.classes]
    preprocessing = _preprocessing(data, identification)
    if all(name.casefold() in names for name in data.classes):
        network_index = torch.tensor([names.index(name.casefold()) for name in data.classes])
        return OwnImages(
            safe_name(data.name), images, network_index[labels], preprocessing,
            tuple(identification.classes),
        )  # fmt: skip
    images_of = OwnImages(safe_name(data.name), images, labels, preprocessing, data.classes)
    outputs = len(identification.classes)
    if len(data.classes) == outputs or not identification.file.answers:
        return images_of
    offset = _offset(images_of, identification)
    shifted = None if offset is None else labels + offset
    return replace(images_of, labels=shifted, outputs=outputs, offset=offset or 0)


def _offset(images: OwnImages, identification: Identification) -> int | None:
    """The output of the first class, if the network answers the images right from there on.

    Classes are numbered as they come, so a network with a background class has them from 1 on.
    """
    spare = len(identification.classes) - len(images.folders)
    if spare < 0 or images.labels is None:
        return None
    step = max(1, len(images.pixels) // _MOST_ASKED)
    labels = images.labels[::step][:_MOST_ASKED]
    batch = normalise(images.pixels[::step][:_MOST_ASKED], images.preprocessing)
    with torch.no_grad():
        predictions = identification.network(batch).argmax(1)
    right = [float((predictions == labels + k).float().mean()) for k in range(spare + 1)]
    best = max(right)
    return right.index(best) if best >= _ANSWERED else None


def _preprocessing(data: Dataset, identification: Identification) -> Preprocessing:
    """The network's preprocessing; the data set's if the network's has other channels."""
    fits = len(identification.preprocessing.mean) == identification.spec.input_channels
    return identification.preprocessing if fits else data.preprocessing
