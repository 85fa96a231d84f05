"""What a page shows of a training: its data, and four test images after every epoch."""

import numpy as np
import torch

from resnet_viz.datasets.dataset import Dataset, ImageSet, first_of_each_class
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.decode import to_png
from resnet_viz.pictures.preprocess import normalise
from resnet_viz.probe.analyze import analyze
from resnet_viz.records import DataShown, ImageChanges, WatchedImage, WatchedImages, WatchedSide
from resnet_viz.training.augment import augmented, pad
from resnet_viz.training.course import Course
from resnet_viz.training.evaluate import evaluation_mode

WATCHED = 4  # number of test images
SHOWN = 8  # number of training images of a preview


def data_shown(course: Course, whole: Dataset) -> DataShown:
    """Describe the data of a run: the part in use, the whole data set and the watched images."""
    used = course.data
    return DataShown(
        name=used.name,
        classes=tuple(used.classes),
        train=tuple(used.train.counts(len(used.classes))),
        test=tuple(used.test.counts(len(used.classes))),
        whole_train=len(whole.train),
        whole_test=len(whole.test),
        skipped=tuple(used.skipped),
        watched=tuple(
            WatchedImage(to_png(pixels), label)
            for pixels, label in zip(*pictures(watched(used)), strict=True)
        ),
        changes=course.changes,
    )


def watched_images(course: Course) -> WatchedImages:
    """Return each network's answers for the watched images, with Grad-CAM at the last block."""
    images = watched(course.data)
    batch = normalise(images.images.to(course.device), course.data.preprocessing)
    sides = {}
    for learner in course.learners:
        if isinstance(learner.network, ResNet):
            sides[learner.kind] = _side(learner.network, batch)
    return WatchedImages(course.epoch, sides)


def watched(data: Dataset) -> ImageSet:
    """Return the first test image of up to four classes, evenly spaced among all classes."""
    count = len(data.classes)
    shown = min(WATCHED, count)
    labels = [round(i * count / shown) % count for i in range(shown)]
    indices = [int((data.test.labels == label).nonzero()[0]) for label in labels]
    return data.test.at(torch.tensor(indices))


def training_samples(data: Dataset, changes: ImageChanges, seed: int) -> list[np.ndarray]:
    """Return eight training images as the networks see them, (height, width, 3).

    With augmentation, the first image eight times; without, eight images of as many classes.
    """
    if not changes.any:
        first = first_of_each_class(data.train.labels, len(data.classes), SHOWN)
        return pictures(data.train.at(first))[0]
    padded = pad(data.train.images[:1], data.preprocessing.mean, changes.shift)
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.zeros(SHOWN, dtype=torch.int64)
    samples = augmented(padded, chosen, changes, generator)
    return pictures(ImageSet(samples, chosen))[0]


def pictures(images: ImageSet) -> tuple[list[np.ndarray], list[int]]:
    """Return the images as (height, width, 3) arrays, and their labels."""
    pixels = images.images.permute(0, 2, 3, 1).numpy()
    rgb = np.repeat(pixels, 3, 3) if pixels.shape[3] == 1 else pixels
    return [np.ascontiguousarray(image) for image in rgb], images.labels.tolist()


def _side(network: ResNet, batch: torch.Tensor) -> WatchedSide:
    layer = network.spec.blocks()[-1]
    with evaluation_mode(network):
        analysis = analyze(network, batch, layers=[layer])
    probabilities = torch.from_numpy(np.array(analysis.logits)).softmax(1)
    best = probabilities.max(1)
    return WatchedSide(
        answers=tuple(best.indices.tolist()),
        probabilities=tuple(round(p, 4) for p in best.values.tolist()),
        cams=np.round(analysis.cams[layer], 5).astype(np.float64),
    )
