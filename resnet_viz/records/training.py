"""What training reports."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int64


@dataclass(frozen=True)
class Step:
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


@dataclass(frozen=True)
class Progress:
    """Where a training is between two epochs, for whoever waits."""

    epoch: int  # the one under way, counted from 1
    epochs: int
    step: int  # done within the epoch
    steps: int  # in an epoch


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
