"""The one number that an explanation is of, and running many changed images in batches."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.errors import NetworkError, TargetError
from resnet_viz.probe.analysis import check_images
from resnet_viz.probe.capture import unwrapped
from resnet_viz.probe.isolation import untouched
from resnet_viz.probe.targets import classes_of, logits_of

_IMAGE_BUDGET = 2_000_000  # numbers in a batch of inputs; activations take some hundred times that


class Scored(nn.Module):
    """A network whose output is the score, (batch,): a logit, or a difference of two.

    Score = y_target - y_against, or y_target alone.
    """

    def __init__(self, network: nn.Module, target: int, against: int | None) -> None:
        super().__init__()
        self.network = network
        self.target, self.against = target, against

    def forward(self, images: Float[Tensor, "batch ..."]) -> Float[Tensor, " batch"]:
        return self.of(logits_of(self.network(images)))

    def of(self, logits: Float[Tensor, "batch classes"]) -> Float[Tensor, " batch"]:
        """The score of logits."""
        chosen = logits[:, self.target]
        return chosen if self.against is None else chosen - logits[:, self.against]


@dataclass(frozen=True, eq=False)
class Subject:
    """What is explained: a network, one normalised image (1, channel, height, width), a score."""

    scored: Scored
    image: Tensor
    logits: Tensor  # (classes,)

    @property
    def network(self) -> nn.Module:
        """The network itself."""
        return self.scored.network

    @property
    def chunk(self) -> int:
        """How many images run at once."""
        return max(2, min(128, _IMAGE_BUDGET // max(1, self.image.numel())))

    @property
    def score(self) -> float:
        """The score of the image."""
        return float(self.scored.of(self.logits[None])[0])


def subject(
    network: nn.Module, image: Tensor, target: int | None = None, against: int | None = None
) -> Subject:
    """Check what is asked, run the image once, and fix the target (None: the top class).

    Raises ``NetworkError`` or ``TargetError``.
    """
    network = unwrapped(network)
    check_images(network, image)
    if image.ndim != 4 or len(image) != 1:
        raise NetworkError("explain_one_image", given=tuple(image.shape))
    logits = torch.cat(list(_logits(network, image, 1)))
    chosen = int(classes_of(target, logits)[0])
    if against is not None and int(classes_of(against, logits)[0]) == chosen:
        raise TargetError("explain_against", target=chosen)
    return Subject(Scored(network, chosen, against), image.detach(), logits[0])


def scores(given: Subject, images: Tensor) -> Float[Tensor, " batch"]:
    """The score of many images, in batches."""
    return given.scored.of(torch.cat(list(_logits(given.network, images, given.chunk))))


def probabilities(given: Subject, images: Tensor) -> Float[Tensor, " batch"]:
    """The target's softmax probability of many images, in batches."""
    logits = torch.cat(list(_logits(given.network, images, given.chunk)))
    return logits.softmax(1)[:, given.scored.target]


def _logits(network: nn.Module, images: Tensor, chunk: int) -> Iterator[Tensor]:
    with torch.no_grad(), untouched(network, needs_gradients=False):
        for start in range(0, len(images), chunk):
            yield logits_of(network(images[start : start + chunk]))
