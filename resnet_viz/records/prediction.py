"""Outputs of a network as probabilities and named classes, and how a pass was measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Float


class Score(StrEnum):
    """The scalar that gradient norms differentiate; Grad-CAM always uses the logit."""

    LOGIT = "logit"  # of the target class, before softmax
    LOSS = "loss"  # cross-entropy with the target class


class Activation(StrEnum):
    """How logits become probabilities."""

    SOFTMAX = "softmax"  # classes that exclude each other
    SIGMOID = "sigmoid"  # one logit, or several that are independent
    NONE = "none"  # the outputs are probabilities already, or are none


class BatchNormMode(StrEnum):
    """Which statistics batch normalisation used."""

    TRAIN = "train"  # batch statistics
    EVAL = "eval"  # running statistics
    NONE = "none"  # the network has no batch normalisation


def probabilities_of(
    logits: Float[np.ndarray, "... classes"], activation: Activation
) -> Float[np.ndarray, "... classes"]:
    """The probability of each class."""
    match activation:
        case Activation.SOFTMAX:
            exponentials = np.exp(logits - logits.max(-1, keepdims=True))
            return np.asarray(exponentials / exponentials.sum(-1, keepdims=True))
        case Activation.SIGMOID:
            return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)))
        case Activation.NONE:
            return logits.copy()


@dataclass(frozen=True)
class Prediction:
    """One class and its softmax probability."""

    index: int
    label: str
    probability: float  # 0 to 1


def most_probable(
    probabilities: Float[np.ndarray, " classes"], classes: Sequence[str] | None, top: int
) -> list[Prediction]:
    """The ``top`` classes, best first; a single sigmoid of two classes is that of the second."""
    row = probabilities
    if row.shape == (1,) and classes is not None and len(classes) == 2:
        row = np.array([1 - row[0], row[0]])
    best = np.argsort(-row, kind="stable")[:top]
    return [Prediction(int(i), class_name(int(i), classes), float(row[i])) for i in best]


def class_name(index: int, classes: Sequence[str] | None) -> str:
    """A class by its name if that is known, otherwise by its number."""
    return classes[index] if classes is not None and index < len(classes) else str(index)
