"""Lesions: a trained residual network with its shortcuts cut and its weights unchanged."""

from dataclasses import replace

from resnet_viz.checkpoints.fill import fill
from resnet_viz.checkpoints.loaded import Loaded, LoadedNetwork
from resnet_viz.core.errors import CheckpointError, OptionError
from resnet_viz.records import WeightSource
from resnet_viz.spec import Kind


def lesion(loaded: Loaded) -> LoadedNetwork:
    """Cut every shortcut of a residual network and keep the other weights.

    Raises
    ------
    OptionError
        If the network is from the zoo.
    CheckpointError
        If the network is already plain.

    References
    ----------
    Veit 2016, arXiv 1605.06431, sec. 4.1.

    """
    if not isinstance(loaded, LoadedNetwork):
        raise OptionError("network_no_twin", name=loaded.spec.name)
    if loaded.spec.kind is Kind.PLAIN:
        raise CheckpointError("weights_plain", name=loaded.weights)
    spec = loaded.spec.plain()
    weights = loaded.network.state_dict()
    branch_weights = {key: value for key, value in weights.items() if ".downsample." not in key}
    return replace(
        loaded,
        network=fill(spec, branch_weights, spec.name),
        source=WeightSource.LESION,
        weights=WeightSource.LESION.value,
    )
