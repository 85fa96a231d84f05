"""The part that a network plays beside another."""

from enum import StrEnum

from resnet_viz.records.pair import Pair
from resnet_viz.spec import Kind, NetworkSpec, ZooSpec


class Role(StrEnum):
    """What a network is called beside another; its colour, files and JSON keys follow."""

    RESIDUAL = "residual"  # of twins, the one with shortcuts
    PLAIN = "plain"  # of twins, the one without
    FIRST = "first"  # of any other two networks
    SECOND = "second"


#: The roles of twins, in their order.
TWINS = Pair(Role.RESIDUAL, Role.PLAIN)
#: The roles of two networks that are not twins.
ANY_TWO = Pair(Role.FIRST, Role.SECOND)


def roles_of(specs: Pair[NetworkSpec | ZooSpec]) -> Pair[Role]:
    """The roles of two networks, from their specs.

    A residual network followed by its own plain twin are twins, whatever weights they have:
    trained, random, or the residual network's with its shortcuts cut. The same two in the other
    order are no twins, and neither are two residual networks.

    >>> spec = NetworkSpec.preset("resnet20")
    >>> roles_of(Pair(spec, spec.plain())) == TWINS
    True
    >>> roles_of(Pair(spec, NetworkSpec.preset("resnet56"))) == ANY_TWO
    True
    """
    first, second = specs
    if isinstance(first, NetworkSpec) and first.kind is Kind.RESIDUAL and first.plain() == second:
        return TWINS
    return ANY_TWO


def role_alone(spec: NetworkSpec | ZooSpec) -> Role:
    """The role of a network that is shown by itself: that of its form.

    One from outside this library is neither residual nor plain, so it is the first.
    """
    return Role.FIRST if isinstance(spec, ZooSpec) else Role(spec.kind.value)
