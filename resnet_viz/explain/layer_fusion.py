"""The maps of several layers as one."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32
from torch import nn

from resnet_viz.core.errors import OptionError
from resnet_viz.explain.methods import Method
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.resample import enlarge
from resnet_viz.probe.capture import default_layers, unwrapped
from resnet_viz.records.explanation import Fused, Fusion


def fuse(
    maps: Sequence[Float[np.ndarray, "_ _"]], how: Fusion, height: int, width: int
) -> Float32[np.ndarray, "height width"]:
    """Max or mean over layers of ReLU(map) / max ReLU(map), each enlarged bilinearly.

    Every layer that shows something goes from 0 to 1, so a deep layer with large activations does
    not drown the others (as in Jiang 2021, LayerCAM, sec. III-D, without its tanh). The result has
    no unit. A NaN stays one.
    """
    scaled = []
    for one in maps:
        positive = np.maximum(one, 0)
        scaled.append(enlarge((positive / (positive.max() or 1.0))[None], height, width)[0])
    stacked = np.stack(scaled)
    return np.asarray(stacked.max(0) if how is Fusion.MAX else stacked.mean(0))


def fused_layers(network: nn.Module, row: Method, asked: Fused) -> Fused:
    """What is asked with its layers by name; ``OptionError`` for a method that has none to fuse."""
    if not row.at_layer or row.signed:
        raise OptionError("explain_fuse", method=row.name)
    return Fused(Fusion(asked.how), asked.layers or tuple(blocks(network)))


def blocks(network: nn.Module) -> list[str]:
    """Every block of our own networks, else every layer that is no head."""
    network = unwrapped(network)
    if isinstance(network, ResNet):
        return network.spec.blocks()
    modules = dict(network.named_modules())
    return [n for n in default_layers(network) if not isinstance(modules[n], nn.Linear)]
