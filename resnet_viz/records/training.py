"""What training reports."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from jaxtyping import Float64, Int64


@dataclass(frozen=True)
class TrainingStep:
    """One step of one network, measured before its weights move.

    By layer, for every convolution and the head: ``gradient_norms`` is ||dL/dW||_2 of the batch's
    mean loss (without weight decay), ``update_ratios`` is ||W' - W||_2 / ||W||_2 of the step.
    """

    kind: str  # residual or plain
    step: int  # counted from 0 over the whole run
    loss: float  # nats, mean of the batch
    learning_rate: float
    gradient_norms: Mapping[str, float]
    update_ratios: Mapping[str, float]

    @property
    def key(self) -> str:
        """Each step of each network is kept."""
        return f"step/{self.kind}/{self.step}"


@dataclass(frozen=True)
class Epoch:
    """One epoch of one network. Errors are shares of wrong answers, 0 to 1; losses are in nats.

    Training figures are those of the augmented batches as they were learned from; test figures
    are taken after the epoch, with running statistics.
    """

    kind: str  # residual or plain
    epoch: int  # counted from 1
    train_loss: float
    train_error: float
    test_loss: float
    test_error: float
    images_per_second: float
    learning_rate: float  # at the end of the epoch
    recall: tuple[float, ...]  # of each class, on the test images; NaN for a class without any
    dead_channels: Mapping[str, float]  # by block: share of channels zero on 256 test images
    weight_changes: Mapping[str, float]  # by layer: ||W - W0||_2 / ||W0||_2 since the start

    @property
    def key(self) -> str:
        """Each epoch of each network is kept."""
        return f"epoch/{self.kind}/{self.epoch}"


@dataclass(frozen=True)
class TrainingProgress:
    """Where a training is between two epochs, for whoever waits."""

    epoch: int  # the one under way, counted from 1
    epochs: int
    step: int  # done within the epoch
    steps: int  # in an epoch

    @property
    def key(self) -> str:
        """Only the latest is of interest."""
        return "progress"

    @property
    def steps_done(self) -> int:
        """In the whole training."""
        return (self.epoch - 1) * self.steps + self.step

    @property
    def share(self) -> float:
        """Of the whole training, 0 to 1."""
        return min(self.steps_done / (self.epochs * self.steps), 1.0)

    @property
    def epochs_left(self) -> float:
        """What is not done yet, the rest of this epoch among it."""
        return self.epochs - self.epoch + 1 - self.step / self.steps


@dataclass(frozen=True)
class WatchedImage:
    """A test image that is looked at after every epoch: a PNG, and the number of its class."""

    png: bytes
    label: int


@dataclass(frozen=True)
class DataShown:
    """The data of a training: classes, images of each, and the watched ones."""

    name: str
    classes: tuple[str, ...]
    train: tuple[int, ...]  # images of each class that are learned from
    test: tuple[int, ...]
    whole_train: int  # images there are
    whole_test: int
    skipped: tuple[str, ...]  # files that are no images
    watched: tuple[WatchedImage, ...]

    @property
    def key(self) -> str:
        """A run has one."""
        return "data"


@dataclass(frozen=True, eq=False)
class WatchedSide:
    """What a network says of the watched images, and its raw Grad-CAM of the answer at each."""

    answers: tuple[int, ...]
    probabilities: tuple[float, ...]
    cams: Float64[np.ndarray, "images h w"]


@dataclass(frozen=True, eq=False)
class WatchedImages:
    """The watched images after an epoch, by kind of network."""

    epoch: int
    sides: Mapping[str, WatchedSide]

    @property
    def key(self) -> str:
        """Each epoch is kept."""
        return f"watched/{self.epoch}"


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """A trained network on all test images; shares are 0 to 1, NaN for a class without any."""

    kind: str
    test_images: int
    error: float
    top5_error: float
    recall: tuple[float, ...]
    precision: tuple[float, ...]
    confusion: Int64[np.ndarray, "classes classes"]  # rows = true class

    @property
    def key(self) -> str:
        """Each network has one."""
        return f"result/{self.kind}"


#: What a training reports.
TrainingEvent: TypeAlias = (
    DataShown | TrainingStep | TrainingProgress | Epoch | WatchedImages | TrainingResult
)


@dataclass(frozen=True)
class Evaluation:
    """A classifier on labelled images: mean loss in nats, and the label and answer of each."""

    loss: float
    classes: int
    labels: Int64[np.ndarray, " n"]
    answers: Int64[np.ndarray, " n"]
    top5_error: float  # share of images whose class is not among the five likeliest

    @property
    def error(self) -> float:
        """Share of wrong answers."""
        return float((self.labels != self.answers).mean())

    @cached_property
    def confusion(self) -> Int64[np.ndarray, "classes classes"]:
        """Counts by true class (row) and answer (column)."""
        from sklearn.metrics import confusion_matrix

        counts = confusion_matrix(self.labels, self.answers, labels=range(self.classes))
        return np.asarray(counts, np.int64)

    @property
    def recall(self) -> tuple[float, ...]:
        """Of the images of each class, the share that was recognised; NaN where there are none."""
        return _shares(self.confusion, self.confusion.sum(1))

    @property
    def precision(self) -> tuple[float, ...]:
        """Of the answers of each class, the share that was right; NaN where there are none."""
        return _shares(self.confusion, self.confusion.sum(0))


def _shares(confusion: np.ndarray, totals: np.ndarray) -> tuple[float, ...]:
    right = np.diag(confusion)
    shares = np.divide(right, totals, out=np.full(len(right), np.nan), where=totals > 0)
    return tuple(shares.tolist())
