"""Read the last update of every parameter from the optimiser's state in a training file.

The ``state_dict`` of a ``torch.optim`` optimiser numbers the parameters in the order in which they
were passed, normally that of ``network.parameters()`` and of the file's weights. If the count or a
shape does not match, there are no updates.
"""

import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import torch
from torch import Tensor

#: The ``state_dict`` of an optimiser as a file has it: every value is checked where it is used.
OptimiserState: TypeAlias = Mapping[str, Any]

_NAMES = ("optimizer", "optimizer_state_dict", "optim", "optimizer_state", "opt", "optimiser")
_LISTS = ("optimizer_states",)  # Lightning: one dictionary per optimiser
_MOMENTS = ("momentum_buffer", "exp_avg", "exp_avg_sq")
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


def optimiser_of(content: object) -> OptimiserState | None:
    """The optimiser's state dict in the content of a file; None if there is none."""
    if not isinstance(content, Mapping):
        return None
    states = [content.get(name) for name in _NAMES]
    lists = [content.get(name) for name in _LISTS]
    states += [each[0] for each in lists if isinstance(each, list) and each]
    return next((each for each in states if _is_state(each)), None)


def _is_state(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("state"), Mapping)
        and isinstance(value.get("param_groups"), list)
    )


def updates(state: OptimiserState, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Compute the last step of each parameter.

    Parameters
    ----------
    state
        The optimiser's state dict.
    tensors
        The file's weights by name, in order.

    Returns
    -------
    dict
        Steps by the names of the weights, of the same shapes; {} if the state does not match the
        weights.

    """
    names = [name for name in tensors if not name.endswith(_BUFFERS)]
    groups = [group for group in state["param_groups"] if isinstance(group, Mapping)]
    numbers = [(n, group) for group in groups for n in _numbers(group)]
    if len(numbers) != len(names):
        return {}
    steps = {}
    for name, (number, group) in zip(names, numbers, strict=True):
        moments = state["state"].get(number)
        if not isinstance(moments, Mapping):
            continue
        if not all(_alike(moments[key], tensors[name]) for key in _MOMENTS if key in moments):
            return {}
        step = _step(moments, group)
        if step is not None:
            steps[name] = step
    return steps


def _numbers(group: OptimiserState) -> list[int]:
    numbers = group.get("params")
    return numbers if isinstance(numbers, list) else []


def _alike(moment: object, weight: Tensor) -> bool:
    """Whether a moment is a dense tensor of the weight's shape whose storage is large enough."""
    if not isinstance(moment, Tensor) or moment.is_meta or moment.layout is not torch.strided:
        return moment is None
    needed = moment.numel() * moment.element_size()
    return moment.shape == weight.shape and needed <= moment.untyped_storage().nbytes()


def _step(state: OptimiserState, group: OptimiserState) -> Tensor | None:
    """The last step: lr * buffer of SGD, or lr * m' / (sqrt(v') + eps), bias-corrected, of Adam."""
    rate = group.get("lr")
    if not isinstance(rate, (int, float)):
        return None
    if isinstance(buffer := state.get("momentum_buffer"), Tensor):
        step: Tensor = buffer.detach().float() * float(rate)
        return step
    first, second = state.get("exp_avg"), state.get("exp_avg_sq")
    if not (isinstance(first, Tensor) and isinstance(second, Tensor)):
        return None
    count, betas = _count(state.get("step")), group.get("betas", (0.9, 0.999))
    mean = first.detach().float() / (1 - betas[0] ** count)
    square = second.detach().float() / (1 - betas[1] ** count)
    step = mean * float(rate) / (square.sqrt() + float(group.get("eps", 1e-8)))
    return step


def _count(step: object) -> float:
    value = float(step) if isinstance(step, (int, float, Tensor)) else math.inf
    return max(1.0, value)


def ratios(state: OptimiserState, tensors: Mapping[str, Tensor]) -> dict[str, float]:
    """||step|| / ||W|| of every matrix and convolution, by the file's names; {} if unreadable."""
    try:
        steps = updates(state, tensors)
        with torch.no_grad():
            return {
                name: float(step.norm() / tensors[name].float().norm().clamp_min(1e-12))
                for name, step in steps.items()
                if step.ndim > 1
            }
    except (TypeError, ValueError, RuntimeError, AttributeError, KeyError, IndexError):
        return {}  # an untrusted file may contain anything here
