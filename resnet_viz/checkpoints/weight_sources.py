"""``weight_sources``: the weights available for a named network, and errors for unknown names."""

from collections.abc import Sequence

from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.core.errors import OptionError, close_matches
from resnet_viz.networks.zoo.catalog import ZOO
from resnet_viz.networks.zoo.labels import TORCHVISION_WEIGHTS
from resnet_viz.records import Pair, WeightSource
from resnet_viz.spec import PRESETS, RESIDUAL_PRESETS, twin_name

LONGEST = 80  # characters of a wrong value in an error


def weight_sources(name: str) -> tuple[WeightSource, ...]:
    """The weights available for a preset or a zoo network, best first.

    Raises ``OptionError`` with close matches if the name is unknown.
    """
    if not is_known(name):
        raise unknown_network(name)
    published = name in TORCHVISION_WEIGHTS or (name in ZOO and ZOO[name].weights is not None)
    return (
        *((WeightSource.BUNDLED,) if name in bundled_names() else ()),
        *((WeightSource.PRETRAINED,) if published else ()),
        WeightSource.RANDOM,
    )


def twin_names(name: str) -> Pair[str]:
    """The preset names of a residual network and its plain twin, from either name.

    Raises ``OptionError`` with close matches if the name is not that of a preset.
    """
    for residual in RESIDUAL_PRESETS:
        if name in (residual, twin_name(residual)):
            return Pair(residual, twin_name(residual))
    raise unknown_network(name)


def is_known(name: str) -> bool:
    """Whether a name is that of a preset or a zoo network."""
    return name in PRESETS or name in ZOO


def unknown(option: str, value: str, known: Sequence[str]) -> OptionError:
    """The error for a value that is not one of ``known``."""
    return OptionError(
        "option_unknown", option=option, value=value[:LONGEST], known=", ".join(known)
    )


def unknown_network(name: str) -> OptionError:
    """The error for an unknown network, with similar names."""
    return unknown("network", name, [close_matches(name, [*PRESETS, *ZOO], count=10)])
