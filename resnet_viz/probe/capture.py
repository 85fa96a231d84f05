"""Named values of one forward pass. The only file with hooks.

Our own networks pass their values to a tap: nothing is attached, so threads share a network freely.
Any other network gets forward hooks for one pass, under a lock per network. A hook keeps the
module's output and returns a copy, so that an in-place layer after it (torchvision's ReLUs,
``out += identity``) changes the copy and not the captured value. A copy costs as much as a small
layer: where the first pass overwrote none, the next makes none, and the tensors' version counters
tell whether that was right.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from resnet_viz.core.errors import LayerError, NetworkError, close_matches
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.probe.walk import Kept, modules_of, structure_of


@dataclass(frozen=True)
class Capture:
    """What the network returned, and the named values in order of execution."""

    output: object
    values: dict[str, Tensor]


def unwrapped(network: nn.Module) -> nn.Module:
    """The module inside ``torch.compile`` or ``DataParallel``; ``NetworkError`` for TorchScript."""
    if isinstance(network, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        return unwrapped(network.module)
    if type(network).__name__ == "OptimizedModule":  # torch.compile's; importing it costs seconds
        return unwrapped(network.get_submodule("_orig_mod"))
    if isinstance(network, torch.jit.ScriptModule):
        raise NetworkError("network_script", name=type(network).__name__)
    return network


def layer_names(network: nn.Module) -> list[str]:
    """Every name that ``capture`` knows: modules, and in our own networks the parts of a block."""
    network = unwrapped(network)
    if isinstance(network, ResNet):  # decided by its spec
        if network not in _taps:
            _taps[network] = network.tap_names()
        return list(_taps[network])
    structure = structure_of(network)
    names = _names.get(network, structure)
    if names is None:
        names = [name for name, _ in network.named_modules() if name]
        _names.keep(network, structure, names)
    return list(names)


def default_layers(network: nn.Module) -> list[str]:
    """Every convolution, every block and the head.

    In a network that is not ours a block is any module that contains a convolution, except plain
    containers (``Sequential``, ``ModuleList``) and the network itself.
    """
    network = unwrapped(network)
    structure = structure_of(network)
    layers = _layers.get(network, structure)
    if layers is None:
        modules = dict(network.named_modules())
        layers = [name for name in layer_names(network) if _is_layer(modules.get(name))]
        _layers.keep(network, structure, layers)
    return list(layers)


def capture(
    network: nn.Module,
    images: Tensor | tuple[Tensor, ...],
    names: Sequence[str] | None,
    *,
    lenient: bool = False,
) -> Capture:
    """Run ``network`` once and keep the values of the named layers.

    Parameters
    ----------
    network, images
        As for ``analyze``; gradients are on or off as the caller has set them.
    names
        None for ``default_layers``. A module that runs n times gives "name#1" to "name#n"; its
        plain name selects all of them.
    lenient
        Leave out named layers that never ran or whose value is not one tensor.

    Raises
    ------
    LayerError
        A name is unknown, never ran, or its value is not one tensor. Default layers of this kind
        are left out instead.

    """
    layers = default_layers(network) if names is None else list(names)
    modules = _modules_of(network, layers)
    lenient = lenient or names is None
    inputs = (images,) if isinstance(images, Tensor) else images
    if isinstance(network, ResNet):
        return _through_taps(network, inputs[0], frozenset(modules))
    with network_lock(network):
        output, calls = _through_hooks(network, inputs, modules, strict=not lenient)
    values = _numbered(calls)
    return Capture(output, values if lenient else _selected(values, layers))


def run_with(
    network: nn.Module,
    images: Tensor | tuple[Tensor, ...],
    name: str,
    change: Callable[[Tensor], Tensor],
) -> object:
    """The output of ``network`` with the value of one layer replaced by ``change(value)``.

    "name#2" is changed in its second run alone; the plain name of a module that runs several times
    in each of them. Raises ``LayerError`` for an unknown name.
    """
    (module_name,) = _modules_of(network, [name])
    inputs = (images,) if isinstance(images, Tensor) else images
    if isinstance(network, ResNet):
        return network(inputs[0], lambda place, value: change(value) if place == name else value)
    only = None if module_name == name else int(name.rpartition("#")[2])
    runs = 0

    def replace(_module: nn.Module, _arguments: object, output: Tensor) -> Tensor | None:
        nonlocal runs
        runs += 1
        return change(output) if only in (None, runs) else None

    with network_lock(network):
        handle = _hook(network.get_submodule(module_name), replace)
        try:
            return network(*inputs)
        finally:
            handle.remove()


def _hook(module: nn.Module, function: Callable[..., object]) -> RemovableHandle:
    """A forward hook; a scripted module has one too, although its own method refuses."""
    return nn.Module.register_forward_hook(module, function)


_names, _layers = Kept(), Kept()
_taps: WeakKeyDictionary[nn.Module, list[str]] = WeakKeyDictionary()
_locks: WeakKeyDictionary[nn.Module, threading.RLock] = WeakKeyDictionary()

#: For each network in evaluation mode: whether a layer's output was overwritten in a pass.
_overwritten: WeakKeyDictionary[nn.Module, dict[str, bool]] = WeakKeyDictionary()
_locks_guard = threading.Lock()


@contextmanager
def network_lock(network: nn.Module) -> Iterator[None]:
    """Let one thread at a time use this network."""
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


def _modules_of(network: nn.Module, names: Iterable[str]) -> dict[str, None]:
    """The modules of the names, each once, in order."""
    known = layer_names(network)
    allowed = set(known)
    modules: dict[str, None] = {}
    for name in names:
        module, _, number = name.rpartition("#")
        module = module if number.isdigit() and name not in allowed else name
        if module not in allowed:
            raise LayerError("layer_unknown", name=name, known=close_matches(name, known))
        modules[module] = None
    return modules


def _through_taps(network: ResNet, images: Tensor, names: frozenset[str]) -> Capture:
    values: dict[str, Tensor] = {}

    def keep(name: str, value: Tensor) -> Tensor:
        if name in names:
            values[name] = value
        return value

    return Capture(network(images, keep), values)


def _through_hooks(
    network: nn.Module, inputs: tuple[Tensor, ...], modules: Iterable[str], *, strict: bool
) -> tuple[object, list[tuple[str, Tensor]]]:
    calls: list[tuple[str, Tensor]] = []
    passed_on: list[tuple[str, Tensor, int]] = []
    still = not any(module.training for module in modules_of(network))
    overwritten = _overwritten.setdefault(network, {}) if still else {}

    def keep(name: str, module: nn.Module, arguments: object, output: object) -> object:
        if isinstance(output, Tensor):
            needs_copy = overwritten.get(name, True) or not output.requires_grad
            if torch.is_grad_enabled() and output.is_floating_point() and not output.requires_grad:
                output = output.detach().requires_grad_()  # all before it is frozen or detached
            calls.append((name, output))
            passed = output.clone() if needs_copy else output
            if passed.requires_grad:
                passed_on.append((name, passed, passed._version))
            return passed
        if strict:
            raise LayerError("layer_not_tensor", name=name, kind=type(output).__name__)
        return output

    names = list(modules)
    copied = {name for name in names if overwritten.get(name, True)}
    handles = [_hook(network.get_submodule(name), partial(keep, name)) for name in names]
    try:
        output = network(*(one.clone() for one in inputs))  # for a second pass
    finally:
        for handle in handles:
            handle.remove()
    changed = {name for name, value, version in passed_on if value._version != version}
    overwritten |= {
        name: name in changed or overwritten.get(name, False) for name, _, _ in passed_on
    }
    if changed - copied:  # the network does something else than before
        return _through_hooks(network, inputs, names, strict=strict)
    return output, calls


def _numbered(calls: list[tuple[str, Tensor]]) -> dict[str, Tensor]:
    times = Counter(name for name, _ in calls)
    seen: Counter[str] = Counter()
    values = {}
    for name, value in calls:
        seen[name] += 1
        values[name if times[name] == 1 else f"{name}#{seen[name]}"] = value
    return values


def _selected(values: dict[str, Tensor], names: Sequence[str]) -> dict[str, Tensor]:
    """Select values by their own names or by the names of their modules."""
    wanted = set(names)
    chosen = {n: v for n, v in values.items() if n in wanted or n.rpartition("#")[0] in wanted}
    ran = set(chosen) | {name.rpartition("#")[0] for name in chosen}
    for name in names:
        if name not in ran:
            runs = [n for n in values if n.rpartition("#")[0] == name.rpartition("#")[0]]
            if "#" in name and (runs or name.rpartition("#")[0] in values):
                known = ", ".join(runs) or name.rpartition("#")[0]
                raise LayerError("layer_unknown", name=name, known=known)
            raise LayerError("layer_never_ran", name=name)
    return chosen
