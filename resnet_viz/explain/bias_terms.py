"""The score shared out between the input and every bias of the network.

For a network that is piecewise linear, f(x) = x . df/dx + sum over biases of b . df/dz, z being
what the bias b is added to (Srinivas 2019, arXiv 1905.00780, prop. 1).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.autograd.graph import Node

from resnet_viz.core.errors import LayerError, NetworkError
from resnet_viz.explain.operations import kind, nodes, parameter_of
from resnet_viz.explain.scored_image import ScoredImage
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.probe.capture import capture
from resnet_viz.probe.isolation import untouched
from resnet_viz.probe.layouts import reshape_named, view_of

_NORMS = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm)
_CONVOLUTIONS = nn.modules.conv._ConvNd


@dataclass(frozen=True, eq=False)
class BiasTerms:
    """``terms`` are b df/dz as (channel, *positions); without positions as (feature,)."""

    gradient: Tensor  # df/dx, (channel, *positions)
    terms: tuple[Tensor, ...]

    @property
    def total(self) -> float:
        """The part of the score that the biases keep."""
        return float(sum(term.double().sum() for term in self.terms))


def bias_terms(
    scored: ScoredImage,
    *,
    placed: bool = True,
    check: Callable[[Tensor, Tensor], None] | None = None,
) -> BiasTerms:
    """The gradient at the input, and the terms of all biases, from one pass forwards and back.

    ``placed`` asks for the positions of every term that has any. ``check`` sees the score and the
    leaf before the backward pass. Raises ``NetworkError`` for a bias that cannot be counted.
    """
    network, found = scored.network, scored.scored_network
    modules = dict(network.named_modules())
    biased = [name for name, module in modules.items() if name and _has_bias(module)]
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        untouched(network, needs_gradients=True),
    ):
        leaf = scored.image.detach().clone().requires_grad_()
        captured = capture(network, found.inputs(leaf), biased, lenient=True)
        score = found.checked_scores(captured.output, 1)
        if check is not None:
            check(score, leaf)
        known = {id(getattr(modules[name], "bias", None)) for name in biased}
        alone = list(_added_alone(score, known))
        arriving: dict[Node, Tensor] = {}
        handles = [one.node.register_prehook(partial(_keep, arriving, one.node)) for one in alone]
        values = captured.values
        _check_all_counted(network, score, known | {id(one.parameter) for one in alone})
        try:
            gradient, *slopes = torch.autograd.grad(
                score.sum(), [leaf, *values.values()], materialize_grads=True, allow_unused=True
            )
        finally:
            for handle in handles:
                handle.remove()
    terms = [
        _placed(scored, name, modules[name.partition("#")[0]], value, slope, placed=placed)
        for (name, value), slope in zip(values.items(), slopes, strict=True)
    ]
    terms += [one.term(arriving[one.node]) for one in alone if one.node in arriving]
    return BiasTerms(gradient[0].detach(), tuple(terms))


def _keep(arriving: dict[Node, Tensor], node: Node, slopes: tuple[Tensor, ...]) -> None:
    arriving[node] = slopes[0].detach()


def _has_bias(module: nn.Module) -> bool:
    if isinstance(module, nn.modules.batchnorm._NormBase) and module.running_mean is not None:
        return True  # the mean that it subtracts
    known = isinstance(module, (_CONVOLUTIONS, nn.Linear, *_NORMS))
    return known and isinstance(getattr(module, "bias", None), Tensor)


def _constant(module: nn.Module) -> Tensor:
    """What a layer adds: its bias, and for running statistics beta - gamma mean / deviation."""
    bias = getattr(module, "bias", None)
    if isinstance(module, nn.modules.batchnorm._NormBase) and not module.training:
        mean, variance = module.running_mean, module.running_var
        if mean is not None and variance is not None:
            gain = (variance + module.eps).rsqrt()
            gain = gain if module.weight is None else gain * module.weight
            return -mean * gain + (0 if bias is None else bias)
    return torch.zeros(1) if bias is None else bias


def _placed(
    scored: ScoredImage, name: str, module: nn.Module, value: Tensor, slope: Tensor, *, placed: bool
) -> Tensor:
    constant = _constant(module).detach().to(slope)
    if isinstance(module, (_CONVOLUTIONS, nn.modules.batchnorm._NormBase, nn.GroupNorm)):
        constant = constant.reshape(-1, *[1] * (slope.ndim - 2))
    term = (slope * constant).detach()
    if slope.ndim < 3 or not placed:
        return term[0].flatten()
    own = isinstance(scored.network, ResNet)
    shaping = reshape_named(scored.reshape)
    view = view_of(name, value, None if own else module, scored.image, shaping)
    if view is None and isinstance(module, nn.Linear) and value.ndim == scored.image.ndim:
        return term[0].movedim(-1, 0)
    if view is None:
        raise LayerError("explain_axes", name=name, shape=tuple(value.shape))
    return view(term)[0]


@dataclass(frozen=True, eq=False)
class _Added:
    """A parameter that is added by itself, such as Fixup's: the addition, and what it adds."""

    node: Node
    value: Tensor
    parameter: nn.Parameter

    def term(self, slope: Tensor) -> Tensor:
        """B df/dz as (channel, *positions)."""
        return (slope * self.value.to(slope))[0].detach()


def _added_alone(score: Tensor, known: set[int]) -> Iterator[_Added]:
    assert score.grad_fn is not None
    for node in nodes(score.grad_fn):
        name = kind(node)
        if not name.startswith(("AddBackward", "SubBackward")):
            continue
        for place, (parent, _) in enumerate(node.next_functions):
            parameter = parameter_of(parent)
            if parent is not None and parameter is not None and id(parameter) not in known:
                sign = -1 if name.startswith("Sub") and place == 1 else 1
                shape = tuple(parent._input_metadata[0].shape)
                yield _Added(node, sign * parameter.detach().reshape(shape), parameter)


def _check_all_counted(network: nn.Module, score: Tensor, counted: set[int]) -> None:
    """Raise ``NetworkError`` for a bias in the graph that is added in an unknown way."""
    assert score.grad_fn is not None
    used = {id(getattr(node, "variable", None)) for node in nodes(score.grad_fn)}
    for name, parameter in network.named_parameters():
        if "bias" in name.rpartition(".")[2] and id(parameter) in used - counted:
            raise NetworkError("full_grad_bias", name=name)
