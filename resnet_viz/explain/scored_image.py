"""The one number that an explanation is of, and running many changed images in batches."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.core.errors import NetworkError, TargetError
from resnet_viz.explain.stopping import raise_if_stopped
from resnet_viz.networks.devices import free_memory
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.networks.tables.totals import totals
from resnet_viz.probe.analyze import check_images
from resnet_viz.probe.capture import capture, unwrapped
from resnet_viz.probe.isolation import untouched
from resnet_viz.probe.targets import classes_of, logits_of

_MOST_IMAGES = 256  # at once; more is no faster on any device that was tried
_MOST_BYTES = 2_000_000_000  # of activations on a processor, whatever is free: its caches are small
_MEMORY_SHARE = 4  # one of so many parts of what is free
_ACTIVATIONS = 300  # bytes kept for backward by each byte of an image: ResNet-50 250, DenseNet 330
_USUAL_WORK = (
    30_000  # multiplications by each number of an image: ResNet-50 27,000, ResNet-56 41,000
)
_MOST_WORK = (
    9e9  # multiplications of a batch on a processor, 0.3 s on one core: a stop waits so long
)


class ScoredNetwork(nn.Module):
    """A network whose output is the score, (batch,): a logit, or a difference of two.

    Score = y_target - y_against, or y_target alone.
    """

    def __init__(self, network: nn.Module, target: int, against: int | None) -> None:
        super().__init__()
        self.network = network
        self.target, self.against = target, against

    def forward(self, images: Float[Tensor, "batch ..."]) -> Float[Tensor, " batch"]:
        raise_if_stopped()
        return self.of(logits_of(self.network(images)))

    def of(self, logits: Float[Tensor, "batch classes"]) -> Float[Tensor, " batch"]:
        """The score of logits."""
        chosen = logits[:, self.target]
        return chosen if self.against is None else chosen - logits[:, self.against]


@dataclass(frozen=True, eq=False)
class ScoredImage:
    """What is explained: a network, one normalised image (1, channel, height, width), a score."""

    scored: ScoredNetwork
    image: Tensor
    logits: Tensor  # (classes,)
    features: Mapping[str, Tensor] = field(default_factory=dict)  # of the layers asked for

    @property
    def network(self) -> nn.Module:
        """The network itself."""
        return self.scored.network

    @cached_property
    def chunk(self) -> int:
        """How many images run at once: what fits into the memory that is free, and on a processor
        into a moment, so that stopping is quick.
        """
        work, activations = self._cost
        room = free_memory(str(self.image.device)) // _MEMORY_SHARE
        if self.image.device.type == "cpu":
            room = min(room, _MOST_BYTES, int(activations * _MOST_WORK / work))
        return max(1, min(_MOST_IMAGES, room // activations))

    @property
    def _cost(self) -> tuple[int, int]:
        """One image's multiplications forwards, and the bytes kept for the way back, about."""
        numbers = self.image.numel()
        if not isinstance(self.network, ResNet):
            return _USUAL_WORK * numbers, _ACTIVATIONS * numbers * self.image.element_size()
        spec = self.network.spec
        cost, usual = totals(spec), spec.input_channels * spec.input_size**2
        return (
            max(1, cost.macs * numbers // usual),
            max(1, (cost.kept + cost.largest) * numbers // usual),
        )

    @property
    def score(self) -> float:
        """The score of the image."""
        return float(self.scored.of(self.logits[None])[0])


def score_image(
    network: nn.Module,
    image: Tensor,
    target: int | None = None,
    against: int | None = None,
    layers: Sequence[str] = (),
) -> ScoredImage:
    """Check what is asked, run the image once, and fix the target (None: the top class).

    The features of ``layers`` are kept from that one pass.
    Raises ``NetworkError`` or ``TargetError``.
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
    features = {name: value[0] for name, value in captured.values.items()}
    return ScoredImage(ScoredNetwork(network, chosen, against), image.detach(), logits[0], features)


def scores(given: ScoredImage, images: Tensor) -> Float[Tensor, " batch"]:
    """The score of many images, in batches."""
    return given.scored.of(_all_logits(given, images))


def probabilities(given: ScoredImage, images: Tensor) -> Float[Tensor, " batch"]:
    """The target's softmax probability of many images, in batches."""
    return _all_logits(given, images).softmax(1)[:, given.scored.target]


def _all_logits(given: ScoredImage, images: Tensor) -> Tensor:
    return torch.cat(list(_logits(given.network, images, given.chunk)))


def _logits(network: nn.Module, images: Tensor, chunk: int) -> Iterator[Tensor]:
    with torch.no_grad(), untouched(network, needs_gradients=False):
        for start in range(0, len(images), chunk):
            raise_if_stopped()
            yield logits_of(network(channels_last(images[start : start + chunk])))


def channels_last(images: Tensor) -> Tensor:
    """The same images with their channels side by side in memory: convolutions take 0.7 the time.

    Measured for ResNet-56 on one core, in batches of 64.
    """
    return images.contiguous(memory_format=torch.channels_last) if images.ndim == 4 else images
