"""The modules and weights of a network, walked quickly: for a small network the walk is not cheap.

``Module.modules`` is a generator inside a generator for each level of the network.
"""

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from torch import nn

#: What decides the names of a network's modules and their kinds: type and children of each.
Structure = list[tuple[type[nn.Module], tuple[str, ...]]]


def modules_of(network: nn.Module) -> list[nn.Module]:
    """The same modules as ``network.modules()``, in the same order."""
    order: dict[nn.Module, None] = {}
    waiting: list[nn.Module | None] = [network]
    while waiting:
        module = waiting.pop()
        if module is None or module in order:
            continue
        order[module] = None
        if module._modules:  # most have no parts
            waiting += reversed(module._modules.values())
    return list(order)


def weights_of(modules: list[nn.Module]) -> Iterator[nn.Parameter]:
    """The parameters of the modules themselves."""
    for module in modules:
        for weight in module._parameters.values():
            if weight is not None:
                yield weight


def structure_of(network: nn.Module) -> Structure:
    """Equal as long as no module was added, removed, renamed or replaced by one of another type."""
    return [(type(module), tuple(module._modules.keys())) for module in modules_of(network)]


class Kept:
    """A list of names that a network's structure decides, found once for each network."""

    def __init__(self) -> None:
        self._found: WeakKeyDictionary[nn.Module, tuple[Structure, list[str]]] = WeakKeyDictionary()

    def get(self, network: nn.Module, structure: Structure) -> list[str] | None:
        """The names, unless the network has changed since they were kept."""
        before, names = self._found.get(network, ([], None))
        return names if before == structure else None

    def keep(self, network: nn.Module, structure: Structure, names: list[str]) -> None:
        """Keep the names until the network changes or is gone."""
        self._found[network] = structure, names
