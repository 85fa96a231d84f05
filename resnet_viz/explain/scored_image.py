"""The subject of an explanation: one image, and the score that a network gives it.

Also runs many changed images in batches that fit into memory.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.core.errors import NetworkError, TargetError
from resnet_viz.explain.baselines import Baseline, BaselineName, baseline_image
from resnet_viz.explain.stopping import raise_if_stopped
from resnet_viz.networks.devices import free_memory
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.networks.tables.totals import totals
from resnet_viz.probe.analyze import analyze
from resnet_viz.probe.isolation import untouched
from resnet_viz.probe.layouts import ReshapeOption, View, no_map
from resnet_viz.probe.targets import logits_of, probabilities_of, scores_from
from resnet_viz.records import Activation, Analysis

_MOST_IMAGES = 256  # in a batch; larger batches were no faster on any device that was tried
_MOST_BYTES = 2_000_000_000  # of activations on a CPU, however much is free: its caches are small
_MEMORY_SHARE = 4  # a batch uses at most 1 / _MEMORY_SHARE of the free memory
_ACTIVATION_BYTES = 300  # kept for backward per byte of an image: ResNet-50 250, DenseNet 330
_USUAL_WORK = 30_000  # multiplications per number of an image: ResNet-50 27,000, ResNet-56 41,000
_MOST_WORK = 9e9  # multiplications of a batch on a CPU: 0.3 s on one core, the wait for a stop

#: What is explained: a class, or a function of the network's output that gives (batch,) scores.
ClassOrFunction = int | Callable[[object], Tensor]


class ScoredNetwork(nn.Module):
    """A network whose output is one score per image.

    The score is y_target, y_target - y_against, or what a function makes of the output. ``rest``
    are the further inputs of a network with several, each for one image.
    """

    def __init__(
        self,
        network: nn.Module,
        target: ClassOrFunction,
        against: int | None = None,
        rest: tuple[Tensor, ...] = (),
    ) -> None:
        super().__init__()
        self.network = network
        self.target = None if callable(target) else target
        self.function = target if callable(target) else None
        self.against = against
        self.rest = rest

    def forward(self, images: Float[Tensor, "batch ..."]) -> Float[Tensor, " batch"]:
        raise_if_stopped()
        return self.score_of(self.output_of(images))

    def inputs(self, images: Tensor) -> tuple[Tensor, ...]:
        """All inputs; the images are a copy, because a network may normalise them in place."""
        rest = (one.expand(len(images), *one.shape[1:]).clone() for one in self.rest)
        return images.clone(), *rest

    def output_of(self, images: Tensor) -> object:
        """What the network returns."""
        return self.network(*self.inputs(images))

    def score_of(self, output: object) -> Float[Tensor, " batch"]:
        """The scores of a whole batch from what the network returned."""
        if self.function is not None:
            return self.function(output)
        logits = logits_of(output)
        score = logits[:, self.target]
        return score if self.against is None else score - logits[:, self.against]

    def on(self, network: nn.Module) -> "ScoredNetwork":
        """The same score of another network, such as a copy."""
        score = self.function if self.function is not None else self.target
        assert score is not None
        return ScoredNetwork(network, score, self.against, self.rest)

    def checked_scores(self, output: object, count: int) -> Tensor:
        """``score_of``; ``TargetError`` if a function does not return (count,) scores."""
        if self.function is not None:
            return scores_from(self.function, output, count)
        return self.score_of(output)


@dataclass(frozen=True, eq=False)
class ScoredImage:
    """One normalised image (1, channel, *positions) and the score that is explained.

    ``features`` are the values of ``layers``, (1, channel, *positions), from the pass that gave the
    score. ``seed`` is that of a method's random numbers.
    """

    scored_network: ScoredNetwork
    image: Tensor
    score: float
    logits: Tensor | None  # (classes,); None if the network does not return logits
    activation: Activation
    layers: tuple[str, ...] = ()
    features: Mapping[str, Tensor] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)
    reshape: ReshapeOption = None
    seed: int = 0
    baseline: Baseline = BaselineName.ZERO

    @property
    def network(self) -> nn.Module:
        """The network itself."""
        return self.scored_network.network

    @property
    def size(self) -> tuple[int, ...]:
        """The sides of the image: height and width in pixels."""
        return tuple(self.image.shape[2:])

    @cached_property
    def baseline_image(self) -> Tensor:
        """The image that holds no information, of the same shape."""
        return baseline_image(self.baseline, self.image)

    def feature(self, layer: str) -> Float[np.ndarray, "c ..."]:
        """The activations of one of ``layers``."""
        value = self.views[layer](self.features[layer])
        return np.asarray(value[0].float().cpu().numpy())

    @cached_property
    def analysis(self) -> Analysis:
        """Activations and gradients of all ``layers`` from one pass forwards and back."""
        return self.analyzed(self.layers)

    def analyzed(self, layers: Sequence[str] | None) -> Analysis:
        """``analyze`` with the gradients of this score; None for the usual layers."""
        return analyze(
            self.network,
            self.scored_network.inputs(self.image),
            target=self.scored_network.score_of,
            layers=layers,
            gradients=True,
            reshape=self.reshape,
        )

    def check_layers_have_maps(self) -> None:
        """Raise ``LayerError`` for one of ``layers`` without positions or with several values."""
        for layer in self.layers:
            if layer not in self.views:
                raise no_map(self.network, layer, self.features)

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


def scores(scored: ScoredImage, images: Tensor) -> Float[Tensor, " batch"]:
    """The score of many images, in batches, in single precision or better."""
    return _in_batches(scored, images, scored.scored_network.score_of)


def probabilities(scored: ScoredImage, images: Tensor) -> Float[Tensor, " batch"]:
    """The target's probability of many images, in batches; the score itself without logits."""
    target, how = scored.scored_network.target, scored.activation
    if target is None:
        return _in_batches(scored, images, lambda output: _squashed(scored, output))
    return _in_batches(
        scored, images, lambda output: probabilities_of(_exact(logits_of(output)), how)[:, target]
    )


def _squashed(scored: ScoredImage, output: object) -> Tensor:
    """The score of a target function, through a sigmoid if the caller asked for one."""
    score = _exact(scored.scored_network.score_of(output))
    match scored.activation:
        case Activation.SIGMOID:
            return score.sigmoid()
        case Activation.SOFTMAX:
            raise TargetError("target_softmax_function")
        case Activation.NONE:
            return score


def _in_batches(
    scored: ScoredImage, images: Tensor, read: Callable[[object], Tensor]
) -> Float[Tensor, " batch"]:
    found = []
    with torch.no_grad(), untouched(scored.network, needs_gradients=False):
        for batch in torch.split(images, scored.batch_size):
            raise_if_stopped()
            found.append(_exact(read(scored.scored_network.output_of(channels_last(batch)))))
    return torch.cat(found)


def _exact(values: Tensor) -> Tensor:
    """Half precision as single; three digits are too few to rank pixels."""
    return values.float() if values.dtype in (torch.float16, torch.bfloat16) else values


def channels_last(images: Tensor) -> Tensor:
    """The same images with their channels side by side in memory.

    Convolutions take 0.7 of the time so, measured for ResNet-56 on one core in batches of 64.
    """
    return images.contiguous(memory_format=torch.channels_last) if images.ndim == 4 else images


def check_one_image(image: Tensor) -> None:
    """Raise ``NetworkError`` unless this is a batch of one image with positions."""
    if image.ndim < 3 or len(image) != 1:
        raise NetworkError("explain_one_image", given=tuple(image.shape))
