"""The subject of an explanation: one image, and the score that a network gives it.

Also runs many changed images in batches that fit into memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.core.errors import LayerError, NetworkError, TargetError
from resnet_viz.explain.map_layers import map_layers
from resnet_viz.explain.stopping import raise_if_stopped
from resnet_viz.networks.devices import free_memory
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.networks.tables.totals import totals
from resnet_viz.probe.analyze import analyze
from resnet_viz.probe.inputs import check_images
from resnet_viz.probe.capture import capture, unwrapped
from resnet_viz.probe.isolation import untouched
from resnet_viz.probe.targets import classes_of, logits_of
from resnet_viz.records import Analysis

_MOST_IMAGES = 256  # in a batch; larger batches were no faster on any device that was tried
_MOST_BYTES = 2_000_000_000  # of activations on a CPU, however much is free: its caches are small
_MEMORY_SHARE = 4  # a batch uses at most 1 / _MEMORY_SHARE of the free memory
_ACTIVATION_BYTES = 300  # kept for backward per byte of an image: ResNet-50 250, DenseNet 330
_USUAL_WORK = 30_000  # multiplications per number of an image: ResNet-50 27,000, ResNet-56 41,000
_MOST_WORK = 9e9  # multiplications of a batch on a CPU: 0.3 s on one core, the wait for a stop


class ScoredNetwork(nn.Module):
    """A network whose output is one score per image: y_target, or y_target - y_against."""

    def __init__(self, network: nn.Module, target: int, against: int | None) -> None:
        super().__init__()
        self.network = network
        self.target, self.against = target, against

    def forward(self, images: Float[Tensor, "batch ..."]) -> Float[Tensor, " batch"]:
        raise_if_stopped()
        return self.score_of(self.network(images))

    def score_of(self, output: object) -> Float[Tensor, " batch"]:
        """The scores of a whole batch from what the network returned."""
        logits = logits_of(output)
        score = logits[:, self.target]
        return score if self.against is None else score - logits[:, self.against]


@dataclass(frozen=True, eq=False)
class ScoredImage:
    """One normalised image (1, channel, height, width) and the score that is explained.

    ``features`` are the values of ``layers``, (1, ...), from the pass that gave the score.
    ``seed`` is that of a method's random numbers.
    """

    scored_network: ScoredNetwork
    image: Tensor
    logits: Tensor  # (classes,)
    layers: tuple[str, ...] = ()
    features: Mapping[str, Tensor] = field(default_factory=dict)
    seed: int = 0

    @property
    def network(self) -> nn.Module:
        """The network, whose output is logits."""
        return self.scored_network.network

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the image in pixels."""
        height, width = self.image.shape[2:]
        return height, width

    @property
    def score(self) -> float:
        """The score of the image."""
        return float(self.scored_network.score_of(self.logits[None])[0])

    def feature(self, layer: str) -> Float[np.ndarray, "c h w"]:
        """The activations of one of ``layers``."""
        return np.asarray(self.features[layer][0].float().cpu().numpy())

    @cached_property
    def analysis(self) -> Analysis:
        """Activations and gradients of all ``layers`` from one pass forwards and back."""
        return self.analyzed(self.layers)

    def analyzed(self, layers: Sequence[str] | None) -> Analysis:
        """``analyze`` with the gradients of this score; None for the usual layers."""
        return analyze(
            self.network,
            self.image,
            target=self.scored_network.score_of,
            layers=layers,
            gradients=True,
        )

    def check_layers_have_maps(self) -> None:
        """Raise ``LayerError`` for one of ``layers`` without positions or with several values."""
        with_positions = [name for name, value in self.features.items() if value.ndim == 4]
        for layer in self.layers:
            if layer not in with_positions:
                known = with_positions or map_layers(self.network)[-5:]
                raise LayerError("explain_layer", name=layer, known=", ".join(known) or "-")

    @cached_property
    def batch_size(self) -> int:
        """How many images run at once: as many as fit into the free memory.

        On a CPU a batch also ends within a moment, so that stopping is quick.
        """
        work, activation_bytes = self._cost
        room = free_memory(str(self.image.device)) // _MEMORY_SHARE
        if self.image.device.type == "cpu":
            room = min(room, _MOST_BYTES, int(activation_bytes * _MOST_WORK / work))
        return max(1, min(_MOST_IMAGES, room // activation_bytes))

    @property
    def _cost(self) -> tuple[int, int]:
        """Roughly: multiplications of one image forwards, and bytes that it keeps for backward."""
        numbers = self.image.numel()
        if not isinstance(self.network, ResNet):
            return _USUAL_WORK * numbers, _ACTIVATION_BYTES * numbers * self.image.element_size()
        spec = self.network.spec
        cost, usual = totals(spec), spec.input_channels * spec.input_size**2
        return (
            max(1, cost.macs * numbers // usual),
            max(1, (cost.kept + cost.largest) * numbers // usual),
        )


def score_image(
    network: nn.Module,
    image: Tensor,
    target: int | None = None,
    against: int | None = None,
    layers: Sequence[str] = (),
    seed: int = 0,
) -> ScoredImage:
    """Run the image once and fix the target; None means the top class.

    The features of ``layers`` are kept from that pass. Raises ``NetworkError``, ``TargetError`` or
    ``LayerError`` for an invalid argument.
    """
    network = unwrapped(network)
    check_images(network, image)
    if image.ndim != 4 or len(image) != 1:
        raise NetworkError("explain_one_image", given=tuple(image.shape))
    raise_if_stopped()
    with torch.no_grad(), untouched(network, needs_gradients=False):
        captured = capture(network, image, layers)
    logits = logits_of(captured.output)
    chosen = int(classes_of(target, logits)[0])
    if against is not None and int(classes_of(against, logits)[0]) == chosen:
        raise TargetError("explain_against", target=chosen)
    return ScoredImage(
        ScoredNetwork(network, chosen, against),
        image.detach(),
        logits[0],
        tuple(layers),
        captured.values,
        seed,
    )


def scores(scored: ScoredImage, images: Tensor) -> Float[Tensor, " batch"]:
    """The score of many images, in batches."""
    return scored.scored_network.score_of(_logits_in_batches(scored, images))


def probabilities(scored: ScoredImage, images: Tensor) -> Float[Tensor, " batch"]:
    """The target's softmax probability of many images, in batches."""
    return _logits_in_batches(scored, images).softmax(1)[:, scored.scored_network.target]


def _logits_in_batches(scored: ScoredImage, images: Tensor) -> Tensor:
    logits = []
    with torch.no_grad(), untouched(scored.network, needs_gradients=False):
        for batch in torch.split(images, scored.batch_size):
            raise_if_stopped()
            logits.append(logits_of(scored.network(channels_last(batch))))
    return torch.cat(logits)


def channels_last(images: Tensor) -> Tensor:
    """The same images with their channels side by side in memory.

    Convolutions take 0.7 of the time so, measured for ResNet-56 on one core in batches of 64.
    """
    return images.contiguous(memory_format=torch.channels_last) if images.ndim == 4 else images
