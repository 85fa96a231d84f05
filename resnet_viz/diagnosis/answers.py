"""``Answers``: how well a network answers pictures of known classes, in any order of outputs."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

#: Share of right answers from which nothing that was measured in a layer is a failure. Public and
#: bundled networks of CIFAR-10 have 0.87 to 0.95, but for plain networks of great depth.
WELL = 0.8
#: Below this share the answers are wrong, if no other order of the classes explains them.
POOR = 0.5
FEWEST = 50  # pictures for the best order of classes; with fewer every order fits something


@dataclass(frozen=True, eq=False)
class Answers:
    """Right answers to labelled pictures, as shares from 0 to 1.

    Parameters
    ----------
    images
        Number of pictures.
    right
        Share that is answered right.
    remeasured
        The same with the pictures' own batch statistics; None if not measured.
    renamed
        Share that would be right in the best order of the classes; ``right`` for few pictures.
    order
        The output of each class in that order.
    sure
        Mean probability of the predicted class.

    """

    images: int
    right: float
    remeasured: float | None
    renamed: float
    order: tuple[int, ...]
    sure: float

    @property
    def well(self) -> bool:
        """Whether the network answers well, in whichever order of classes."""
        return self.renamed >= WELL

    @property
    def poor(self) -> bool:
        """Whether the answers are wrong in every order of classes."""
        return self.renamed < POOR

    @property
    def gained(self) -> float:
        """The share of right answers that the pictures' own statistics add."""
        return 0.0 if self.remeasured is None else self.remeasured - self.right

    @property
    def shift(self) -> int | None:
        """By how many places all classes are shifted; None if they are not, or not alike."""
        size = len(self.order)
        shifts = {(output - place) % size for place, output in enumerate(self.order)}
        return shifts.pop() if len(shifts) == 1 and self.order[0] != 0 else None


def answers(
    logits: Float[Tensor, "n classes"],
    labels: Int64[Tensor, " n"],
    remeasured: Float[Tensor, "n classes"] | None = None,
) -> Answers | None:
    """Measure answers; None if an output is not finite."""
    if not torch.isfinite(logits).all():
        return None
    predictions = logits.argmax(1)
    right = float((predictions == labels).float().mean())
    renamed, order = right, tuple(range(logits.shape[1]))
    if len(labels) >= FEWEST:
        renamed, order = best_order(counted(predictions, labels, logits.shape[1]))
    again = None
    if remeasured is not None:
        again = float((remeasured.argmax(1) == labels).float().mean())
    sure = float(logits.softmax(1).max(1).values.mean())
    return Answers(len(labels), right, again, max(right, renamed), order, sure)


def best_order(counts: Float64[np.ndarray, "classes classes"]) -> tuple[float, tuple[int, ...]]:
    """The order of outputs that makes most answers right (assignment problem), and their share.

    ``counts`` are pictures by class and answer. Classes without a picture keep their own output if
    it is free.
    """
    wanted = counts + 1e-6 * np.eye(len(counts))
    rows, columns = np.arange(len(counts)), wanted.argmax(1)
    if len(set(columns.tolist())) < len(columns):  # else every class has its best output already
        from scipy.optimize import linear_sum_assignment  # imports for most of a second

        rows, columns = linear_sum_assignment(wanted, maximize=True)
    best = counts[rows, columns].sum() / max(counts.sum(), 1)
    return float(best), tuple(map(int, columns))


def counted(
    predictions: Int64[Tensor, " n"], labels: Int64[Tensor, " n"], classes: int
) -> Float64[np.ndarray, "classes classes"]:
    """Pictures by class and answer."""
    counts = np.zeros((classes, classes))
    np.add.at(counts, (labels.numpy(), predictions.numpy()), 1.0)
    return counts
