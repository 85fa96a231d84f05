"""Which labels are likely wrong: confident learning.

Northcutt et al. 2021 (arXiv 1911.00068), sec. 3: the threshold of class j is the mean probability
of j over the images that are labelled j, t_j = mean p_j(x) over y = j. An image is counted as one
of class j where p_j(x) >= t_j; of several such classes, as one of the most probable. Where that
class is not its label, the label is suspected (their method 2, the off-diagonal of the confident
joint). Ranked by p_j(x) - p_y(x), the largest first.
"""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor


def suspected(
    logits: Float[Tensor, "n classes"], labels: Int64[Tensor, " n"]
) -> tuple[Int64[Tensor, " k"], Int64[Tensor, " k"]]:
    """Numbers of the images whose label is suspected, and the class each seems to be of.

    The probabilities should be of images that the network was not trained on; on its training
    images a network has learned the wrong labels too.
    """
    shares = logits.double().softmax(1)
    confident = shares >= thresholds(shares, labels)
    seeming = shares.masked_fill(~confident, -1).argmax(1)
    wrong = (confident.any(1) & (seeming != labels)).nonzero().flatten()
    rows = shares[wrong]
    margin = rows.gather(1, seeming[wrong][:, None]) - rows.gather(1, labels[wrong][:, None])
    ranked = wrong[margin.flatten().argsort(descending=True, stable=True)]
    return ranked, seeming[ranked]


def thresholds(
    shares: Float[Tensor, "n classes"], labels: Int64[Tensor, " n"]
) -> Float[Tensor, " classes"]:
    """t_j of every class; of a class that no image is labelled with, more than any probability."""
    own: Bool[Tensor, "n classes"] = torch.nn.functional.one_hot(labels, shares.shape[1]).bool()
    counts = own.sum(0)
    means = (shares * own).sum(0) / counts.clamp_min(1)
    return means.masked_fill(counts == 0, 2.0)
