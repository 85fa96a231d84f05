"""Events of a training (steps, epochs, results), and the evaluation of a classifier."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from jaxtyping import Float64, Int64


@dataclass(frozen=True)
class TrainingStep:
    """One optimisation step of one network.

    The mappings have one entry for every convolution and for the head. L is the mean loss of the
    batch without weight decay.
    """

    kind: str  # residual or plain
    step: int  # counted from 0 over the whole run
    loss: float  # before the step, nats, mean of the batch
    learning_rate: float
    gradient_norms: Mapping[str, float]  # ||dL/dW||_2 by layer, before the step
    update_ratios: Mapping[str, float]  # ||W' - W||_2 / ||W||_2 by layer

    @property
    def key(self) -> str:
        """Unique per network and step: all steps are stored."""
        return f"step/{self.kind}/{self.step}"


@dataclass(frozen=True)
class TrainingPoint:
    """One training batch, before its step, by kind of network; augmented as in the training."""

    step: int  # counted from 0 over the whole run
    losses: Mapping[str, float]  # nats, mean of the batch
    errors: Mapping[str, float]  # shares of wrong predictions, 0 to 1

    @property
    def key(self) -> str:
        """Unique per step: all points are stored."""
        return f"point/{self.step}"


@dataclass(frozen=True)
class Epoch:
    """One epoch of one network. Errors are shares of wrong predictions, 0 to 1; losses in nats.

    Training loss and error are averages over the augmented batches during the epoch. Test loss and
    error are measured after the epoch, with running batch-norm statistics.
    """

    kind: str  # residual or plain
    epoch: int  # counted from 1
    train_loss: float
    train_error: float
    test_loss: float
    test_error: float
    images_per_second: float
    learning_rate: float  # at the end of the epoch
    recall: tuple[float, ...]  # by class, on the test images; NaN for a class without images
    dead_channels: Mapping[str, float]  # by block: share of channels zero on 256 test images
    weight_changes: Mapping[str, float]  # by layer: ||W - W0||_2 / ||W0||_2 since the start

    @property
    def key(self) -> str:
        """Unique per network and epoch: all epochs are stored."""
        return f"epoch/{self.kind}/{self.epoch}"


@dataclass(frozen=True)
class TrainingProgress:
    """The progress of a training within an epoch."""

    epoch: int  # current epoch, counted from 1
    epochs: int
    step: int  # steps done in the current epoch
    steps: int  # steps per epoch

    @property
    def key(self) -> str:
        """Always the same: only the latest event is stored."""
        return "progress"

    @property
    def steps_done(self) -> int:
        """Steps done since the start of the training."""
        return (self.epoch - 1) * self.steps + self.step

    @property
    def share(self) -> float:
        """Share of the training that is done, 0 to 1."""
        return min(self.steps_done / (self.epochs * self.steps), 1.0)

    @property
    def epochs_left(self) -> float:
        """Epochs left, including the rest of the current one."""
        return self.epochs - self.epoch + 1 - self.step / self.steps


@dataclass(frozen=True)
class ImageChanges:
    """The random change of a training image each time it is used."""

    shift: int  # most pixels in each direction; the border gets the mean colour
    flip: bool  # whether half of the images are mirrored left to right

    @property
    def any(self) -> bool:
        """Whether images are changed at all."""
        return self.flip or self.shift > 0


@dataclass(frozen=True)
class WatchedImage:
    """A test image that is classified and explained after every epoch."""

    png: bytes
    label: int  # index of its class


@dataclass(frozen=True)
class DataShown:
    """The data set of a training."""

    name: str
    classes: tuple[str, ...]  # names by index
    train: tuple[int, ...]  # training images used, by class
    test: tuple[int, ...]  # test images used, by class
    whole_train: int  # training images in the whole data set
    whole_test: int  # test images in the whole data set
    skipped: tuple[str, ...]  # files that are not images
    watched: tuple[WatchedImage, ...]
    changes: ImageChanges | None = None  # None if the run was recorded before they were

    @property
    def key(self) -> str:
        """Unique: a run has one."""
        return "data"


@dataclass(frozen=True, eq=False)
class WatchedSide:
    """One network's predictions for the watched images."""

    answers: tuple[int, ...]  # predicted class of each image
    probabilities: tuple[float, ...]  # of the predicted class, 0 to 1
    cams: Float64[np.ndarray, "images h w"]  # Grad-CAM of the predicted class, not rescaled


@dataclass(frozen=True, eq=False)
class WatchedImages:
    """The predictions for the watched images after an epoch."""

    epoch: int  # 0 before the first step
    sides: Mapping[str, WatchedSide]  # by kind, residual or plain

    @property
    def key(self) -> str:
        """Unique per epoch: all epochs are stored."""
        return f"watched/{self.epoch}"


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """The final evaluation of a trained network on all test images. Shares are 0 to 1."""

    kind: str  # residual or plain
    test_images: int
    error: float
    top5_error: float
    recall: tuple[float, ...]  # by class; NaN for a class without images
    precision: tuple[float, ...]  # by class; NaN for a class that is never predicted
    confusion: Int64[np.ndarray, "classes classes"]  # images; rows are true classes

    @property
    def key(self) -> str:
        """Unique per network."""
        return f"result/{self.kind}"


#: Anything that a training reports.
TrainingEvent: TypeAlias = (
    DataShown
    | TrainingStep
    | TrainingPoint
    | TrainingProgress
    | Epoch
    | WatchedImages
    | TrainingResult
)


@dataclass(frozen=True)
class Evaluation:
    """The evaluation of a classifier on n labelled images."""

    loss: float  # mean cross-entropy in nats
    classes: int
    labels: Int64[np.ndarray, " n"]
    answers: Int64[np.ndarray, " n"]  # predicted classes
    top5_error: float  # share of images whose class is not among the five most probable

    @property
    def error(self) -> float:
        """Share of wrong predictions, 0 to 1."""
        return float((self.labels != self.answers).mean())

    @cached_property
    def confusion(self) -> Int64[np.ndarray, "classes classes"]:
        """Number of images by true class (row) and predicted class (column)."""
        from sklearn.metrics import confusion_matrix

        counts = confusion_matrix(self.labels, self.answers, labels=range(self.classes))
        return np.asarray(counts, np.int64)

    @property
    def recall(self) -> tuple[float, ...]:
        """Share of each class's images that are predicted right; NaN for a class without images."""
        return _shares(self.confusion, self.confusion.sum(1))

    @property
    def precision(self) -> tuple[float, ...]:
        """Share of each class's predictions that are right; NaN for a class never predicted."""
        return _shares(self.confusion, self.confusion.sum(0))


def _shares(confusion: np.ndarray, totals: np.ndarray) -> tuple[float, ...]:
    correct = np.diag(confusion)
    shares = np.divide(correct, totals, out=np.full(len(correct), np.nan), where=totals > 0)
    return tuple(shares.tolist())
