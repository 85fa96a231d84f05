"""Find likely wrong labels by confident learning.

Northcutt et al. 2021 (arXiv 1911.00068), sec. 3: the threshold of class j is the mean probability
of j over the images with label j, t_j = mean p_j(x) over y = j. An image is assigned to class j if
p_j(x) >= t_j, and to the most probable of several such classes. If that class is not its label y,
the label is suspected (their method 2, the off-diagonal of the confident joint). Suspects are
ranked by p_j(x) - p_y(x), largest first.
"""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor


def suspected(
    logits: Float[Tensor, "n classes"], labels: Int64[Tensor, " n"]
) -> tuple[Int64[Tensor, " k"], Int64[Tensor, " k"]]:
    """Find images whose label is likely wrong.

    The images should not be from the training set, whose wrong labels the network has learned.

    Parameters
    ----------
    logits
        The network's outputs, (n, classes).
    labels
        Class indices, (n,).

    Returns
    -------
    suspects
        Indices of the images, most suspect first, (k,).
    likely_classes
        The class that each of them is assigned to, (k,).

    """
    probabilities = logits.double().softmax(1)
    confident = probabilities >= thresholds(probabilities, labels)
    likely = probabilities.masked_fill(~confident, -1).argmax(1)
    wrong = (confident.any(1) & (likely != labels)).nonzero().flatten()
    rows = probabilities[wrong]
    margin = rows.gather(1, likely[wrong][:, None]) - rows.gather(1, labels[wrong][:, None])
    ranked = wrong[margin.flatten().argsort(descending=True, stable=True)]
    return ranked, likely[ranked]


def thresholds(
    probabilities: Float[Tensor, "n classes"], labels: Int64[Tensor, " n"]
) -> Float[Tensor, " classes"]:
    """The threshold t_j of every class; 2, which no probability reaches, for one without images."""
    has_label: Bool[Tensor, "n classes"] = torch.nn.functional.one_hot(
        labels, probabilities.shape[1]
    ).bool()
    counts = has_label.sum(0)
    means = (probabilities * has_label).sum(0) / counts.clamp_min(1)
    return means.masked_fill(counts == 0, 2.0)
