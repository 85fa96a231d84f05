"""What a viewer sees of a training: its data, and four test images through its epochs."""

import numpy as np
import torch

from resnet_viz.datasets.dataset import Dataset, ImageSet
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.decode import to_png
from resnet_viz.pictures.preprocess import normalise
from resnet_viz.probe.analyze import analyze
from resnet_viz.records import DataShown, WatchedImage, WatchedImages, WatchedSide
from resnet_viz.training.augment import augmented, pad
from resnet_viz.training.course import Course
from resnet_viz.training.evaluate import evaluation_mode
from resnet_viz.training.recipe import Augmentation

WATCHED = 4  # test images
SHOWN = 8  # augmented versions of training images


def data_shown(used: Dataset, whole: Dataset) -> DataShown:
    """The data of a run: what is used of the whole, and the watched images."""
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
    )


def watched_images(course: Course) -> WatchedImages:
    """What each network says of the watched images, and its Grad-CAM at the last block."""
    images = watched(course.data)
    batch = normalise(images.images.to(course.device), course.data.preprocessing)
    sides = {}
    for learner in course.learners:
        if isinstance(learner.network, ResNet):
            sides[learner.kind] = _side(learner.network, batch)
    return WatchedImages(course.epoch, sides)


def watched(data: Dataset) -> ImageSet:
    """The first test image of each of four classes, spread over the classes."""
    count = len(data.classes)
    labels = [round(i * count / WATCHED) % count for i in range(min(WATCHED, count))]
    first = [int((data.test.labels == label).nonzero()[0]) for label in labels]
    return data.test.at(torch.tensor(first))


def augmented_samples(data: Dataset, how: Augmentation, seed: int) -> list[np.ndarray]:
    """One training image as it would be seen eight times, (height, width, 3) each."""
    padded = pad(data.train.images[:1], data.preprocessing.mean)
    generator = torch.Generator().manual_seed(seed)
    same = torch.zeros(SHOWN, dtype=torch.int64)
    made = augmented(padded, same, how, generator)
    return pictures(ImageSet(made, same))[0]


def pictures(images: ImageSet) -> tuple[list[np.ndarray], list[int]]:
    """Images as RGB arrays, and their labels."""
    pixels = images.images.permute(0, 2, 3, 1).numpy()
    coloured = np.repeat(pixels, 3, 3) if pixels.shape[3] == 1 else pixels
    return [np.ascontiguousarray(one) for one in coloured], images.labels.tolist()


def _side(network: ResNet, batch: torch.Tensor) -> WatchedSide:
    layer = network.spec.blocks()[-1]
    with evaluation_mode(network):
        analysis = analyze(network, batch, layers=[layer])
    chances = torch.from_numpy(np.array(analysis.logits)).softmax(1)
    best = chances.max(1)
    return WatchedSide(
        answers=tuple(best.indices.tolist()),
        probabilities=tuple(round(p, 4) for p in best.values.tolist()),
        cams=np.round(analysis.cams[layer], 5).astype(np.float64),
    )
