"""``Role``: whether a network is the residual, plain, first or second one of a comparison."""

from enum import StrEnum

from resnet_viz.records.pair import Pair
from resnet_viz.spec import Kind, NetworkSpec, ZooSpec


class Role(StrEnum):
    """The role of a network in a comparison; determines its colour, file names and JSON keys."""

    RESIDUAL = "residual"  # the twin with shortcuts
    PLAIN = "plain"  # the twin without shortcuts
    FIRST = "first"  # of two networks that are not twins
    SECOND = "second"


#: Roles of twins.
TWINS = Pair(Role.RESIDUAL, Role.PLAIN)
#: Roles of two networks that are not twins.
ANY_TWO = Pair(Role.FIRST, Role.SECOND)


def roles_of(specs: Pair[NetworkSpec | ZooSpec]) -> Pair[Role]:
    """Return the roles of two networks, given their specs.

    Two networks are twins if the first is residual and the second is its plain twin, whatever
    their weights. The reverse order does not count as twins.

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
    """Return the role of a network that is shown alone.

    The role follows its kind. A network of the zoo is neither residual nor plain, so it is first.
    """
    return Role.FIRST if isinstance(spec, ZooSpec) else Role(spec.kind.value)
