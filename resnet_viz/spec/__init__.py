"""The architecture of a network: ``NetworkSpec``, its choices and the presets."""

from resnet_viz.spec.choices import (
    Activation,
    Attention,
    Block,
    Downsample,
    Edges,
    Initialisation,
    Kind,
    Norm,
    Order,
    Padding,
    Shortcut,
    ShortcutInput,
    Stem,
    StemPool,
    StrideIn,
    StrideOn,
)
from resnet_viz.spec.known_networks import twin_name
from resnet_viz.spec.network import NetworkSpec
from resnet_viz.spec.presets import PRESETS, RESIDUAL_PRESETS, Preset
from resnet_viz.spec.zoo_spec import ZooSpec

__all__ = [
    "PRESETS",
    "RESIDUAL_PRESETS",
    "Activation",
    "Attention",
    "Block",
    "Downsample",
    "Edges",
    "Initialisation",
    "Kind",
    "NetworkSpec",
    "Norm",
    "Order",
    "Padding",
    "Preset",
    "Shortcut",
    "ShortcutInput",
    "Stem",
    "StemPool",
    "StrideIn",
    "StrideOn",
    "ZooSpec",
    "twin_name",
]
