"""What is differentiated: a class, one class per image, or a function of the output."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

from resnet_viz.core.errors import OptionError, TargetError
from resnet_viz.records import Activation

#: A class for all images, one class per image, a function output -> (batch,), or None (argmax).
Target = int | Sequence[int] | Tensor | Callable[[object], Tensor] | None


def classes_of(target: Target, logits: Tensor) -> Tensor:
    """The target class of every image, (batch,), on the logits' device.

    Raises ``TargetError`` for another type, another number of targets, or a class that is unknown.
    """
    count, known = logits.shape
    if target is None:
        return logits.detach().argmax(1)
    chosen = as_integers(target)
    chosen = chosen if chosen.ndim else chosen.expand(count)
    if chosen.shape != (count,):
        raise TargetError("target_count", given=tuple(chosen.shape), images=count)
    if bool(((chosen < 0) | (chosen >= known)).any()):
        raise TargetError("target_range", given=chosen.tolist()[:5], most=known - 1)
    return chosen.to(logits.device)


def scores_from(target: Callable[[object], Tensor], output: object, count: int) -> Tensor:
    """The scores (batch,) from a user's function; ``TargetError`` for anything else."""
    scores = target(output)
    if not isinstance(scores, Tensor) or scores.shape != (count,) or not scores.requires_grad:
        raise TargetError("target_function", given=_shape_or_type(scores), images=count)
    return scores


def logits_of(output: object) -> Tensor:
    """The output as logits (batch, classes); ``TargetError`` if it is anything else."""
    if isinstance(output, Tensor) and output.ndim == 2:
        return output
    raise TargetError("target_needed", given=_shape_or_type(output))


def activation_named(activation: Activation | str | None) -> Activation | None:
    """An activation by its name; ``OptionError`` lists the known ones."""
    try:
        return None if activation is None else Activation(activation)
    except ValueError:
        known = ", ".join(Activation)
        raise OptionError(
            "option_unknown", option="activation", value=activation, known=known
        ) from None


def activation_of(logits: Tensor) -> Activation:
    """The activation that is plain from the output: the last operation, or a single logit."""
    last = "" if logits.grad_fn is None else _computed(logits.grad_fn).name()
    if last.startswith(("SoftmaxBackward", "SigmoidBackward")):
        return Activation.NONE  # the outputs are probabilities already
    return Activation.SIGMOID if logits.shape[1] == 1 else Activation.SOFTMAX


def _computed(node: torch.autograd.graph.Node) -> torch.autograd.graph.Node:
    """The operation before copies and views."""
    kept = ("CloneBackward", "ViewBackward", "UnsafeViewBackward", "ReshapeAliasBackward")
    while node.name().startswith(kept) and node.next_functions[0][0] is not None:
        node = node.next_functions[0][0]
    return node


def probabilities_of(logits: Tensor, activation: Activation) -> Tensor:
    """The probability of each class, (batch, classes)."""
    match activation:
        case Activation.SOFTMAX:
            return logits.softmax(1)
        case Activation.SIGMOID:
            return logits.sigmoid()
        case Activation.NONE:
            return logits


def loss_of(logits: Tensor, classes: Tensor, activation: Activation) -> Tensor:
    """-log p of the target's probability, summed over the batch."""
    if activation is Activation.SOFTMAX:
        return cross_entropy(logits, classes, reduction="sum")
    own = logits.gather(1, classes.unsqueeze(1))
    if activation is Activation.SIGMOID:
        return softplus(-own).sum()
    if bool(((own < 0) | (own > 1)).any()):
        raise TargetError("target_loss_activation")
    return -own.clamp(min=torch.finfo(own.dtype).tiny).log().sum()


def _shape_or_type(value: object) -> object:
    return tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__


def as_integers(target: object) -> Tensor:
    """Class numbers as a tensor; ``TargetError`` for anything else."""
    try:
        values = torch.as_tensor(target)
    except (TypeError, ValueError, RuntimeError):
        raise TargetError("target_type", given=type(target).__name__) from None
    if values.is_floating_point() or values.is_complex() or values.dtype is torch.bool:
        raise TargetError("target_type", given=str(values.dtype).removeprefix("torch."))
    return values.cpu().long()
