"""torchvision's networks and weights by their names.

Imported on first use: torchvision takes longer to import than the rest of this library.
"""

from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum


def weights_named(name: str) -> "WeightsEnum":
    """Torchvision's record of published weights: address, size, classes, transforms."""
    from torchvision.models import get_weight

    return get_weight(name)


def build_named(name: str, **options: object) -> nn.Module:
    """One of torchvision's networks by its constructor's name."""
    from torchvision.models import get_model_builder

    network: nn.Module = get_model_builder(name)(**options)
    return network
