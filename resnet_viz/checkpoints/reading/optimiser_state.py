"""The optimiser's state in a training file: the last update of every parameter.

torch.optim's ``state_dict`` numbers the parameters in the order in which they were handed over,
normally ``network.parameters()``, which is the order of the file's own weights. Where numbers or
shapes do not agree with that, nothing is said.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

_NAMES = ("optimizer", "optimizer_state_dict", "optim", "optimizer_state", "opt", "optimiser")
_LISTS = ("optimizer_states",)  # Lightning's: one dictionary an optimiser
_MOMENTS = ("momentum_buffer", "exp_avg", "exp_avg_sq")
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


def optimiser_of(content: object) -> Mapping[str, Any] | None:
    """The optimiser's state that lies beside the weights, or None."""
    if not isinstance(content, Mapping):
        return None
    found = [content.get(name) for name in _NAMES]
    lists = [content.get(name) for name in _LISTS]
    found += [each[0] for each in lists if isinstance(each, list) and each]
    return next((each for each in found if _is_state(each)), None)


def _is_state(found: object) -> bool:
    return (
        isinstance(found, Mapping)
        and isinstance(found.get("state"), Mapping)
        and isinstance(found.get("param_groups"), list)
    )


def updates(state: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The size of the last step of each parameter of the file, by its name; {} if none fit."""
    names = [name for name in tensors if not name.endswith(_BUFFERS)]
    groups = [group for group in state["param_groups"] if isinstance(group, Mapping)]
    numbers = [(n, group) for group in groups for n in _numbers(group)]
    if len(numbers) != len(names):
        return {}
    found = {}
    for name, (number, group) in zip(names, numbers, strict=True):
        own = state["state"].get(number)
        if not isinstance(own, Mapping):
            continue
        if not all(_alike(own[key], tensors[name]) for key in _MOMENTS if key in own):
            return {}
        step = _step(own, group)
        if step is not None:
            found[name] = step
    return found


def _numbers(group: Mapping[str, Any]) -> list[int]:
    given = group.get("params")
    return given if isinstance(given, list) else []


def _alike(moment: object, weight: Tensor) -> bool:
    """Whether a moment is a plain tensor of the weight's shape that brought its own memory."""
    if not isinstance(moment, Tensor) or moment.is_meta or moment.layout is not torch.strided:
        return moment is None
    needed = moment.numel() * moment.element_size()
    return moment.shape == weight.shape and needed <= moment.untyped_storage().nbytes()


def _step(state: Mapping[str, Any], group: Mapping[str, Any]) -> Tensor | None:
    """SGD: lr times the momentum buffer. Adam: lr m' / (sqrt(v') + eps), both bias-corrected."""
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


def ratios(state: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> dict[str, float]:
    """||step|| / ||W|| of every matrix and convolution, by the file's names."""
    try:
        steps = updates(state, tensors)
        with torch.no_grad():
            return {
                name: float(step.norm() / tensors[name].float().norm().clamp_min(1e-12))
                for name, step in steps.items()
                if step.ndim > 1
            }
    except (TypeError, ValueError, RuntimeError, AttributeError, KeyError, IndexError):
        return {}  # a stranger's file may hold anything here
