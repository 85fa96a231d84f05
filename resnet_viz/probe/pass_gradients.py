"""The gradients of one pass, and whether a gradient that is missing may be called zero."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from resnet_viz.core.errors import NetworkError
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.probe.capture import Capture, run_with
from resnet_viz.probe.targets import Target


@dataclass(frozen=True)
class PassGradients:
    """The gradients of the layers and weights of one pass; zero where none arrives."""

    features: dict[str, Tensor]  # dS/dA
    logit: dict[str, Tensor]  # dy/dA
    parameters: dict[str, Tensor]  # dS/dW
    missing: tuple[str, ...]  # layers that no gradient reaches


def gradients_of(
    captured: Capture, score: Tensor, logit: Tensor, weights: dict[str, Tensor]
) -> PassGradients:
    """The gradients of a score and of a logit, which may be the same tensor.

    Raises ``NetworkError`` for a network with reentrant checkpointing.
    """
    features = {n: v for n, v in captured.values.items() if v.requires_grad}
    two_passes = logit is not score
    both = _grad(score, [*features.values(), *weights.values()], keep_graph=two_passes)
    of_score = dict(zip(features, both, strict=False))
    of_logit = of_score
    if two_passes:
        of_logit = dict(zip(features, _grad(logit, list(features.values())), strict=True))
    of_weights = dict(zip(weights, both[len(features) :], strict=True))
    return PassGradients(
        {name: _or_zero(of_score.get(name), value) for name, value in captured.values.items()},
        {name: _or_zero(of_logit.get(name), value) for name, value in captured.values.items()},
        {name: _or_zero(of_weights[name], value) for name, value in weights.items()},
        tuple(name for name in captured.values if of_score.get(name) is None),
    )


def _grad(scalar: Tensor, inputs: list[Tensor], *, keep_graph: bool = False) -> list[Tensor | None]:
    """The gradient of ``scalar`` for each input; None where no gradient arrives."""
    once = list({id(value): value for value in inputs}.values())
    if not once:
        return []
    try:
        gradients = torch.autograd.grad(scalar, once, retain_graph=keep_graph, allow_unused=True)
    except RuntimeError as error:
        if "heckpoint" in str(error):
            raise NetworkError("network_checkpointed") from error
        raise
    by_id = {id(value): gradient for value, gradient in zip(once, gradients, strict=True)}
    return [by_id[id(value)] for value in inputs]


def _or_zero(gradient: Tensor | None, value: Tensor) -> Tensor:
    if gradient is not None:
        return gradient
    return torch.zeros_like(value, dtype=value.dtype if value.is_floating_point() else torch.float)


def refuse_detached(
    network: nn.Module, inputs: tuple[Tensor, ...], missing: tuple[str, ...], target: Target
) -> None:
    """Raise ``NetworkError`` for a layer without a gradient on which the output depends.

    A zero is right only for a layer that the output does not depend on, such as a head that is not
    used; behind a ``detach()`` it would be wrong. Changing the layer tells.
    """
    if not missing or isinstance(network, ResNet):
        return
    copies = [tuple(one.detach().clone() for one in inputs) for _ in (None, *missing)]
    with torch.no_grad():
        torch.manual_seed(0)  # of dropout; the caller's state is put back
        before = _read(network(*copies.pop()), target)
        for name in missing:
            torch.manual_seed(0)
            changed = run_with(network, copies.pop(), name, _other)
            if before is not None and not _same(before, _read(changed, target)):
                raise NetworkError("layer_detached", name=name)


def _read(output: object, target: Target) -> Tensor | None:
    value = target(output) if callable(target) else output
    return value if isinstance(value, Tensor) else None


def _same(one: Tensor, other: Tensor | None) -> bool:
    return other is not None and torch.allclose(one, other, rtol=1e-4, equal_nan=True)


def _other(value: Tensor) -> Tensor:
    """Clearly another value of the same kind."""
    return value * 2 + 1 if value.is_floating_point() else value
