"""torchvision's networks and weights by their names.

It is imported when one is first wanted: that takes longer than everything else this library needs.
"""

from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum


def weights_named(name: str) -> "WeightsEnum":
    """What torchvision tells of published weights: address, size, classes, transforms."""
    from torchvision.models import get_weight

    return get_weight(name)


def build_named(name: str, **options: object) -> nn.Module:
    """One of torchvision's networks by its constructor's name."""
    from torchvision.models import get_model_builder

    network: nn.Module = get_model_builder(name)(**options)
    return network
