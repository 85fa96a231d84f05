"""Published weights into the networks of the catalog."""

import re
from collections.abc import Mapping

from torch import Tensor, nn

from resnet_viz.checkpoints.fill import matched
from resnet_viz.checkpoints.sources.published import pretrained_tensors
from resnet_viz.networks.zoo.catalog import zoo_row, zoo_without_weights

#: Names in DenseNet's files have a dot that modules cannot have since: "norm.1" is "norm1".
_DOTTED = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])\.")
_AUXILIARY = re.compile(r"aux[12]\.")  # GoogLeNet's heads that only training has


def pretrained_zoo(name: str) -> nn.Module:
    """A network of the catalog with its published weights, in evaluation mode.

    They are downloaded if need be. Raises ``DownloadError``, or ``CheckpointError`` where there
    are none.
    """
    return fill_zoo(name, pretrained_tensors(name))


def fill_zoo(name: str, weights: Mapping[str, Tensor]) -> nn.Module:
    """A network of the catalog in evaluation mode with exactly these weights.

    The number of classes is that of the weights. Raises ``CheckpointError``.
    """
    given = _present_names(weights)
    network = zoo_without_weights(name, _classes(given))
    return fill_exactly(network, given, zoo_row(name).title, name)


def fill_exactly(
    network: nn.Module, weights: Mapping[str, Tensor], title: str, name: str
) -> nn.Module:
    """A network without memory gets these weights, all of them, and is in evaluation mode.

    ``title`` is that of the network, ``name`` that of the weights. Raises ``CheckpointError``.
    """
    own = network.state_dict()
    given = matched(own, weights, title, name)
    exact = {key: value.to(own[key].dtype) for key, value in given.items()}
    network.load_state_dict(exact, assign=True)
    return network.eval()


def _present_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    kept = {key: value for key, value in weights.items() if not _AUXILIARY.match(key)}
    return {_DOTTED.sub(r"\1\2.", key): value for key, value in kept.items()}


def _classes(weights: Mapping[str, Tensor]) -> int | None:
    """Outputs of the head: of the last weight that is a matrix."""
    matrices = [value for value in weights.values() if value.ndim == 2]
    return len(matrices[-1]) if matrices else None
