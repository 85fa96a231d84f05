"""Presets: the known networks and their plain twins as specs."""

from collections.abc import Mapping
from dataclasses import dataclass

from resnet_viz.spec.known_networks import KNOWN_NETWORKS, twin_name
from resnet_viz.spec.network import NetworkSpec
from resnet_viz.spec.plan import shortcut_parameters


@dataclass(frozen=True)
class Preset:
    """A spec, its exact parameter count, and the source of both; see ``KnownNetwork``."""

    spec: NetworkSpec
    parameters: int
    source: str
    title: str | None = None
    counted: int | None = None

    @property
    def depth(self) -> int:
        """The published depth of the network."""
        return self.counted or self.spec.depth


#: Residual networks by name.
RESIDUAL_PRESETS: Mapping[str, Preset] = {
    name: Preset(
        NetworkSpec.preset(name), known.parameters, known.source, known.title, known.counted
    )
    for name, known in KNOWN_NETWORKS.items()
}


def _plain_twin(preset: Preset) -> Preset:
    spec = preset.spec
    title = preset.title and f"plain {preset.title}"
    parameters = preset.parameters - shortcut_parameters(spec)
    return Preset(spec.plain(), parameters, preset.source, title, preset.counted)


#: Every network by name, each plain twin right after its residual network.
PRESETS: Mapping[str, Preset] = {
    name: preset
    for residual, row in RESIDUAL_PRESETS.items()
    for name, preset in ((residual, row), (twin_name(residual), _plain_twin(row)))
}
