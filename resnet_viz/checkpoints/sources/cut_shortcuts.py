"""The plain twin that nobody has trained: a residual network's weights without its shortcuts."""

from dataclasses import replace

from resnet_viz.checkpoints.fill import fill
from resnet_viz.checkpoints.loaded import Loaded, LoadedNetwork
from resnet_viz.core.errors import CheckpointError, OptionError
from resnet_viz.records import WeightSource
from resnet_viz.spec import Kind


def lesion(loaded: Loaded) -> LoadedNetwork:
    """The same weights with every shortcut cut (Veit 2016, arXiv 1605.06431, sec. 4.1).

    Raises ``OptionError`` for a network of the zoo and ``CheckpointError`` for a plain one.
    """
    if not isinstance(loaded, LoadedNetwork):
        raise OptionError("network_no_twin", name=loaded.spec.name)
    if loaded.spec.kind is Kind.PLAIN:
        raise CheckpointError("weights_plain", name=loaded.weights)
    spec = loaded.spec.plain()
    weights = loaded.network.state_dict()
    uncut = {key: value for key, value in weights.items() if ".downsample." not in key}
    return replace(
        loaded,
        network=fill(spec, uncut, spec.name),
        source=WeightSource.LESION,
        weights=WeightSource.LESION.value,
    )
