"""The layers of a network that can have a map."""

from torch import nn

from resnet_viz.core.errors import NetworkError
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.probe.capture import default_layers, unwrapped


def map_layers(network: nn.Module) -> list[str]:
    """Every convolution and block: the layers whose values have positions."""
    modules = dict(unwrapped(network).named_modules())
    return [name for name in default_layers(network) if not isinstance(modules[name], nn.Linear)]


def block_layers(network: nn.Module) -> list[str]:
    """The blocks of our own networks; of any other network all its ``map_layers``."""
    network = unwrapped(network)
    return network.spec.blocks() if isinstance(network, ResNet) else map_layers(network)


def last_layer(network: nn.Module) -> str:
    """The last of ``block_layers``; ``NetworkError`` for a network without a convolution."""
    names = block_layers(network)
    if not names:
        raise NetworkError("explain_no_convolution")
    return names[-1]
