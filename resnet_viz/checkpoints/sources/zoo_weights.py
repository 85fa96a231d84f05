"""Fill zoo networks with published weights or with a file's weights."""

import re
from collections.abc import Mapping

from torch import Tensor, nn

from resnet_viz.checkpoints.fill import matched
from resnet_viz.checkpoints.reading.state_dict import without_prefix
from resnet_viz.checkpoints.sources.published import pretrained_tensors
from resnet_viz.networks.zoo.build_zoo import zoo_without_weights
from resnet_viz.networks.zoo.catalog import zoo_row

#: DenseNet's files use names that modules can no longer have: "norm.1" is now "norm1".
_DOTTED = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])\.")
_AUXILIARY = re.compile(r"aux[12]\.")  # GoogLeNet's auxiliary heads, used only in training


def pretrained_zoo(name: str) -> nn.Module:
    """Load a zoo network with its published weights, in evaluation mode.

    Raises ``DownloadError`` if the download fails and ``CheckpointError`` if none are published.
    """
    return fill_zoo(name, pretrained_tensors(name))


def fill_zoo(name: str, weights: Mapping[str, Tensor]) -> nn.Module:
    """Build a zoo network with exactly these weights, in evaluation mode.

    The weights determine the number of classes. Raises ``CheckpointError`` if they do not fit.
    """
    renamed = _present_names(weights)
    network = zoo_without_weights(name, _classes(renamed))
    return fill_exactly(network, renamed, zoo_row(name).title, name)


def fill_exactly(
    network: nn.Module, weights: Mapping[str, Tensor], title: str, name: str
) -> nn.Module:
    """Assign weights to a network on the ``meta`` device and put it in evaluation mode.

    ``title`` names the network and ``name`` the weights, for errors. Raises ``CheckpointError`` if
    a name or a shape differs.
    """
    own = network.state_dict()
    complete = matched(own, _own_names(weights, own), title, name)
    exact = {key: value.to(own[key].dtype) for key, value in complete.items()}
    network.load_state_dict(exact, assign=True)
    return network.eval()


def _own_names(weights: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Put back what reading took for a wrapper and is the network's own module ("features.")."""
    whole = dict(zip(without_prefix(own)[0], own, strict=True))
    return {key if key in own else whole.get(key, key): value for key, value in weights.items()}


def _present_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    without_auxiliary = {key: value for key, value in weights.items() if not _AUXILIARY.match(key)}
    return {_DOTTED.sub(r"\1\2.", key): value for key, value in without_auxiliary.items()}


def _classes(weights: Mapping[str, Tensor]) -> int | None:
    """Outputs of the head, the last weight matrix; None without a matrix."""
    matrices = [value for value in weights.values() if value.ndim == 2]
    return len(matrices[-1]) if matrices else None
