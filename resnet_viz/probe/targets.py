"""What is differentiated: a class, one class an image, or a function of the output."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from resnet_viz.core.errors import TargetError

#: A class for all images, a class an image, a function output -> (batch,), or None (argmax).
Target = int | Sequence[int] | Tensor | Callable[[object], Tensor] | None


def classes_of(target: Target, logits: Tensor) -> Tensor:
    """The target class of every image, (batch,), on the logits' device."""
    count, known = logits.shape
    if target is None:
        return logits.detach().argmax(1)
    chosen = _as_integers(target)
    chosen = chosen if chosen.ndim else chosen.expand(count)
    if chosen.shape != (count,):
        raise TargetError("target_count", given=tuple(chosen.shape), images=count)
    if bool(((chosen < 0) | (chosen >= known)).any()):
        raise TargetError("target_range", given=chosen.tolist()[:5], most=known - 1)
    return chosen.to(logits.device)


def scores_from(target: Callable[[object], Tensor], output: object, count: int) -> Tensor:
    """One score an image, as the user's own function computes it."""
    scores = target(output)
    if not isinstance(scores, Tensor) or scores.shape != (count,) or not scores.requires_grad:
        given = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
        raise TargetError("target_function", given=given, images=count)
    return scores


def logits_of(output: object) -> Tensor:
    """The output as logits (batch, classes), or a sentence that names the cure."""
    if isinstance(output, Tensor) and output.ndim == 2:
        return output
    given = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
    raise TargetError("target_needed", given=given)


def _as_integers(target: object) -> Tensor:
    try:
        values = torch.as_tensor(target)
    except (TypeError, ValueError, RuntimeError):
        raise TargetError("target_type", given=type(target).__name__) from None
    if values.is_floating_point() or values.is_complex() or values.dtype is torch.bool:
        raise TargetError("target_type", given=str(values.dtype).removeprefix("torch."))
    return values.cpu().long()
