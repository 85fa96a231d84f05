"""Named values of one forward pass. The only file with hooks.

Our own networks show their values to a tap: nothing is attached, threads share a network freely.
Foreign networks get forward hooks, for the length of one pass and under a lock per network. A hook
keeps the module's output and hands a copy on, so that an in-place layer behind it (torchvision's
ReLUs, ``out += identity``) changes the copy and not what was captured.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from resnet_viz.errors import LayerError, NetworkError, close_matches
from resnet_viz.networks.resnet import ResNet


@dataclass(frozen=True)
class Capture:
    """What the network returned, and the named values on the way, in order of execution."""

    output: object
    values: dict[str, Tensor]


def unwrapped(network: nn.Module) -> nn.Module:
    """The module inside ``torch.compile`` or ``DataParallel``, where names and hooks hold."""
    if isinstance(network, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        return unwrapped(network.module)
    if type(network).__name__ == "OptimizedModule":  # torch.compile's; importing it costs seconds
        return unwrapped(network.get_submodule("_orig_mod"))
    if isinstance(network, torch.jit.ScriptModule):
        raise NetworkError("network_script", name=type(network).__name__)
    return network


def layer_names(network: nn.Module) -> list[str]:
    """Every name that can be asked for: modules, and in our own networks a block's parts too."""
    network = unwrapped(network)
    if isinstance(network, ResNet):
        return network.tap_names()
    return [name for name, _ in network.named_modules() if name]


def default_layers(network: nn.Module) -> list[str]:
    """Every convolution, every block and the head.

    A block of a foreign network is any module inside which a convolution runs, other than a
    plain container (``Sequential``, ``ModuleList``) and the network itself.
    """
    network = unwrapped(network)
    if isinstance(network, ResNet):
        modules = dict(network.named_modules())
        return [n for n in network.tap_names() if _is_layer(modules.get(n))]
    return [name for name, module in network.named_modules() if name and _is_layer(module)]


def capture(network: nn.Module, images: Tensor, names: Sequence[str]) -> Capture:
    """Run ``network`` once and keep the values called ``names``.

    A module that runs n times gives n values, "name#1" to "name#n". Raises ``LayerError`` for a
    name that the network does not have, never ran, or whose value is not one tensor.
    """
    _check_names(network, names)
    if isinstance(network, ResNet):
        return _through_taps(network, images, frozenset(names))
    with network_lock(network):
        return _through_hooks(network, images, names)


_locks: WeakKeyDictionary[nn.Module, threading.RLock] = WeakKeyDictionary()
_locks_guard = threading.Lock()


@contextmanager
def network_lock(network: nn.Module) -> Iterator[None]:
    """One thread at a time for this network."""
    with _locks_guard:
        lock = _locks.setdefault(network, threading.RLock())
    with lock:
        yield


def _is_layer(module: nn.Module | None) -> bool:
    match module:
        case nn.Conv1d() | nn.Conv2d() | nn.Conv3d() | nn.Linear():
            return True
        case None:
            return False
    if type(module) in (nn.Sequential, nn.ModuleList, nn.ModuleDict):
        return False
    inside = list(module.modules())[1:]
    return any(isinstance(m, (nn.Conv1d, nn.Conv2d, nn.Conv3d)) for m in inside)


def _check_names(network: nn.Module, names: Iterable[str]) -> None:
    known = layer_names(network)
    allowed = set(known)
    for name in names:
        if name not in allowed:
            raise LayerError("layer_unknown", name=name, known=close_matches(name, known))


def _through_taps(network: ResNet, images: Tensor, names: frozenset[str]) -> Capture:
    values: dict[str, Tensor] = {}

    def keep(name: str, value: Tensor) -> Tensor:
        if name in names:
            values[name] = value
        return value

    return Capture(network(images, keep), values)


def _through_hooks(network: nn.Module, images: Tensor, names: Sequence[str]) -> Capture:
    calls: list[tuple[str, Tensor]] = []

    def keep(name: str, module: nn.Module, arguments: object, output: object) -> object:
        if not isinstance(output, Tensor):
            raise LayerError("layer_not_tensor", name=name, kind=type(output).__name__)
        calls.append((name, output))
        return output.clone()

    handles = [
        network.get_submodule(name).register_forward_hook(partial(keep, name))
        for name in dict.fromkeys(names)
    ]
    try:
        output = network(images)
    finally:
        for handle in handles:
            handle.remove()
    return Capture(output, _numbered(calls, names))


def _numbered(calls: list[tuple[str, Tensor]], names: Sequence[str]) -> dict[str, Tensor]:
    times = Counter(name for name, _ in calls)
    for name in names:
        if not times[name]:
            raise LayerError("layer_never_ran", name=name)
    seen: Counter[str] = Counter()
    values = {}
    for name, value in calls:
        seen[name] += 1
        values[name if times[name] == 1 else f"{name}#{seen[name]}"] = value
    return values
