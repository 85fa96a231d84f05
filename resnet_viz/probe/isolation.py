"""Restores everything that a pass through a network can change, also after a failure."""

import copy
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.probe.capture import network_lock
from resnet_viz.probe.walk import modules_of
from resnet_viz.records import BatchNormMode

#: The random state belongs to the process: two passes that restore it must not overlap.
_random_state = threading.RLock()


@contextmanager
def untouched(network: nn.Module, *, needs_gradients: bool) -> Iterator[BatchNormMode]:
    """Restore buffers, random state and ``requires_grad`` at the end of the block.

    One of our own networks in evaluation mode changes nothing when it runs, so threads run side by
    side. One thread at a time runs where something does change: batch normalisation in training
    mode moves its statistics, any other network may do anything, and frozen parameters need
    ``requires_grad`` while their gradients are measured (``needs_gradients``).

    Yields which statistics batch normalisation uses.
    """
    with ExitStack() as stack:
        lock = stack.enter_context(ExitStack())
        lock.enter_context(network_lock(network))
        modules = modules_of(network)
        changing = not isinstance(network, ResNet) or True in [m.training for m in modules]
        frozen = _frozen(network) if needs_gradients else []
        if changing:
            stack.enter_context(_random_state)
            stack.enter_context(torch.random.fork_rng())
            stack.enter_context(_restored_buffers(modules))
            stack.enter_context(_restored_derived(modules))
        if frozen:
            stack.enter_context(_thawed(frozen))
        if not changing and not frozen:
            lock.close()
        yield _batch_norm_mode(modules)


def _batch_norm_mode(modules: list[nn.Module]) -> BatchNormMode:
    norms = [m for m in modules if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    modes = {norm.training or norm._buffers.get("running_mean") is None for norm in norms}
    if not modes:
        return BatchNormMode.NONE
    return BatchNormMode.TRAIN if True in modes else BatchNormMode.EVAL


def _frozen(network: nn.Module) -> list[nn.Parameter]:
    return [p for p in network.parameters() if p.is_floating_point() and not p.requires_grad]


@contextmanager
def _restored_buffers(modules: list[nn.Module]) -> Iterator[None]:
    before = [
        (module, name, buffer, buffer.detach().clone())
        for module in modules
        for name, buffer in module._buffers.items()
        if buffer is not None
    ]
    try:
        yield
    finally:
        with torch.no_grad():
            if before:
                torch._foreach_copy_(
                    [_distinct(buffer) for _, _, buffer, _ in before],
                    [_distinct(value, like=buffer) for _, _, buffer, value in before],
                )
            for module, name, buffer, _ in before:
                if getattr(module, name, None) is not buffer:  # the network replaced it
                    setattr(module, name, buffer)


def _distinct(buffer: Tensor, like: Tensor | None = None) -> Tensor:
    """The part of an expanded tensor that is in memory; only that can be written."""
    strides = (buffer if like is None else like).stride()
    if 0 not in strides:
        return buffer
    return buffer[tuple(slice(0, 1) if step == 0 else slice(None) for step in strides)]


@contextmanager
def _restored_derived(modules: list[nn.Module]) -> Iterator[None]:
    """Put back weights that pruning and the like compute at each run, and keep as attributes."""
    before = [
        (module, name, value)
        for module in modules
        if module._forward_pre_hooks
        for name, value in vars(module).items()
        if isinstance(value, Tensor)
    ]
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


def copied(network: nn.Module) -> nn.Module:
    """A deep copy, also of a network that keeps computed weights, as pruning does."""
    computed = {
        id(value): value.detach()
        for module in network.modules()
        for value in vars(module).values()
        if isinstance(value, Tensor) and value.grad_fn is not None
    }
    return copy.deepcopy(network, computed)


@contextmanager
def _thawed(parameters: list[nn.Parameter]) -> Iterator[None]:
    try:
        for parameter in parameters:
            parameter.requires_grad_(True)
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(False)
