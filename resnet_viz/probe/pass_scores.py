"""The scalars that one pass differentiates, from the output of a network."""

from dataclasses import dataclass

from torch import Tensor

from resnet_viz.core.errors import NetworkError, TargetError
from resnet_viz.probe.targets import (
    Target,
    activation_of,
    classes_of,
    logits_of,
    loss_of,
    scores_from,
)
from resnet_viz.records import Activation, Score


@dataclass(frozen=True)
class PassScores:
    """S and y of a batch, and the logits that they come from."""

    summed: Tensor  # S, summed over the batch
    logit: Tensor  # y, summed over the batch; the same tensor unless S is the loss
    logits: Tensor | None
    targets: Tensor | None
    activation: Activation


def scores_of(
    output: object, target: Target, kind: Score, asked: Activation | None, count: int
) -> PassScores:
    """S and y of an output; ``TargetError`` or ``NetworkError`` if the target does not fit it."""
    if callable(target):
        if kind is Score.LOSS:
            raise TargetError("target_loss_function")
        summed = scores_from(target, output, count).sum()
        plain = output if isinstance(output, Tensor) and output.ndim == 2 else None
        how = asked or (Activation.NONE if plain is None else activation_of(plain))
        return PassScores(summed, summed, plain, None, how)
    logits = logits_of(output)
    if not logits.requires_grad:
        raise NetworkError("network_detached")
    how = asked or activation_of(logits)
    classes = classes_of(target, logits)
    logit = logits.gather(1, classes.unsqueeze(1)).sum()
    loss = loss_of(logits, classes, how) if kind is Score.LOSS else logit
    return PassScores(loss, logit, logits, classes, how)
