"""Choose between networks that a file's tensors fit alike: the one that photographs agree with.

Every candidate runs the bundled photographs. Where the file has running statistics, the score is
their mean distance from the activations (``bn_consistency``). Where it has none, or they were never
trained, batches normalise themselves, and the answers to photographs of known classes decide.
"""

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.checkpoints.fill import fill
from resnet_viz.checkpoints.identifying.bn_consistency import Consistency, consistency
from resnet_viz.checkpoints.identifying.candidates import Candidate
from resnet_viz.checkpoints.identifying.spec_labels import label
from resnet_viz.checkpoints.running_statistics import Remeasured, remeasured, set_statistics
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES
from resnet_viz.pictures.preprocess import Preprocessing, seen, to_batch
from resnet_viz.pictures.samples import photographs, sample_picture, samples
from resnet_viz.spec import Kind, NetworkSpec, Norm

#: Below this confidence the best candidate is a guess, and the user has to choose.
SURE = 0.75
#: The mean score on photographs above which a candidate is not the trained network.
FITS = 0.6
#: The same for the median score, which a few bad layers do not affect.
FITS_MOSTLY = 0.25
#: A score this much lower than another's tells the two functions apart.
CLEARLY = 1.25
#: A layer's score counts up to here; in networks of another function most layers reach it.
_MOST = 2.0
_LABELLED = 7  # bundled photographs of CIFAR-10's classes
_FEWEST_RIGHT = 5
_MARGIN_RIGHT = 2


@dataclass(frozen=True, eq=False)
class Fit:
    """A candidate with its weights, and how well photographs agree with it.

    Parameters
    ----------
    candidate
        The spec and the mapping of names.
    network
        The network with the file's weights.
    score
        Mean BN consistency of all layers but the first; NaN without statistics. Lower is better.
    median
        The median over the same layers.
    right
        Photographs of known classes that are answered right, if statistics cannot decide; or None.
    remeasured
        Statistics of the photographs; None where they were not needed.

    """

    candidate: Candidate
    network: ResNet
    score: float = math.nan
    median: float = math.nan
    right: int | None = None
    remeasured: Remeasured | None = None

    @property
    def spec(self) -> NetworkSpec:
        """The candidate's spec."""
        return self.network.spec

    @property
    def fits(self) -> bool:
        """Whether the photographs agree with this network."""
        if self.right is not None:
            return self.right >= _FEWEST_RIGHT
        return self.score <= FITS or self.median <= FITS_MOSTLY

    @property
    def words(self) -> str:
        """The measurement in a few letters: "0.12", or "5/7" answers; "-" without one."""
        if self.right is not None:
            return f"{self.right}/{_LABELLED}"
        return "-" if math.isnan(self.score) else f"{self.score:.2f}"

    @property
    def rank(self) -> float:
        """Lower is better; infinite without a measurement."""
        if self.right is not None:
            return -float(self.right)
        return math.inf if math.isnan(self.score) else self.score


@dataclass(frozen=True, eq=False)
class Choice:
    """The chosen candidate and its rivals, best first.

    Parameters
    ----------
    fits
        Every candidate.
    best
        The chosen one: the best fit, or the most usual one if nothing decides.
    sure
        Whether kind and fit are decided.
    kind_known
        Whether plain or residual is decided, by shapes or by fit.
    confidence
        0 to 1: how clearly the fit decides between plain and residual, or that the only kind fits.

    """

    fits: tuple[Fit, ...]
    best: Fit
    sure: bool
    kind_known: bool
    confidence: float

    @property
    def scores(self) -> dict[str, float]:
        """Mean score of every candidate that has one, by label."""
        return {label(f.spec): f.score for f in self.fits if not math.isnan(f.score)}

    @property
    def rivals(self) -> tuple[Fit, ...]:
        """Networks of the same kind, with the same tensors and another function."""
        kind = self.best.spec.kind
        return tuple(f for f in self.fits if f is not self.best and f.spec.kind is kind)

    @property
    def open(self) -> tuple[Fit, ...]:
        """The rivals that the photographs do not tell from the chosen network."""
        return tuple(rival for rival in self.rivals if not _clearly(self.best, rival))


def fit_all(
    candidates: Sequence[Candidate],
    tensors: Mapping[str, Tensor],
    preprocessing: Preprocessing,
    name: str,
) -> list[Fit]:
    """Run every candidate on the bundled photographs, with one preprocessing."""
    judged = any(_is_judged(each.spec) for each in candidates)
    batch = photographs(preprocessing) if judged else None
    return [
        _fitted(each, fill(each.spec, each.tensors(tensors), name), preprocessing, batch)
        for each in candidates
    ]


def _is_judged(spec: NetworkSpec) -> bool:
    return spec.input_channels == 3 and spec.norm is Norm.BATCH


def _fitted(
    candidate: Candidate,
    network: ResNet,
    preprocessing: Preprocessing,
    batch: Float[Tensor, "batch channel height width"] | None,
) -> Fit:
    """Measure how well photographs agree with one network."""
    if batch is None or not _is_judged(network.spec):
        return Fit(candidate, network)
    if not candidate.has_statistics or untrained(network):
        return _by_answers(candidate, network, preprocessing)
    found = remeasured(network, batch)
    later = later_scores(network, batch, found)
    return Fit(candidate, network, later.mean, later.median, remeasured=found)


def later_scores(
    network: ResNet,
    batch: Float[Tensor, "batch channel height width"],
    known: Remeasured | None = None,
) -> Consistency:
    """The scores of all layers but the first, which tells the normalisation, within limits.

    One damaged layer must not decide for all the others. ``known`` as for ``consistency``.
    """
    scores = list(consistency(network, batch, known).scores.items())[1:]
    return Consistency({name: min(value, _MOST) for name, value in scores})


def choose(fits: Sequence[Fit]) -> Choice:
    """Choose the candidate that photographs agree with best."""
    ranked = sorted(fits, key=lambda fit: fit.rank)  # stable: the most usual of equal ones first
    best = next(fit for fit in fits if not _clearly(ranked[0], fit))
    kinds = {fit.spec.kind for fit in fits}
    confidence = _confidence(ranked, best, kinds)
    decided = best.fits and _decided(ranked, best, confidence)
    kind_known = len(kinds) == 1 or decided
    if not decided:
        best = _likely(fits, ranked)
    return Choice(tuple(ranked), best, decided, kind_known, confidence)


def _confidence(ranked: Sequence[Fit], best: Fit, kinds: set[Kind]) -> float:
    """How clearly photographs prefer the best kind; for one kind, whether they agree with it."""
    if best.right is not None or math.isnan(best.score):
        answered = best.fits and _decided(ranked, best, 1.0)
        return 0.9 if answered else 1 / len(kinds) if len(kinds) > 1 else 0.5
    if len(kinds) == 1:
        return 1.0 if best.fits else FITS / (FITS + best.score) if best.score > 0 else 0.5
    other = next(fit for fit in ranked if fit.spec.kind is not best.spec.kind)
    return other.rank / (best.rank + other.rank) if other.rank < math.inf else 1.0


def _likely(fits: Sequence[Fit], ranked: Sequence[Fit]) -> Fit:
    """The most usual network, or one of its kind that photographs clearly prefer."""
    usual = fits[0]
    better = next(fit for fit in ranked if fit.spec.kind is usual.spec.kind)
    return better if _clearly(better, usual) else usual


def _decided(ranked: Sequence[Fit], best: Fit, confidence: float) -> bool:
    others = [fit for fit in ranked if fit.spec.kind is not best.spec.kind]
    if best.right is not None:
        return all((fit.right or 0) <= best.right - _MARGIN_RIGHT for fit in others)
    return confidence >= SURE or not others


def _clearly(best: Fit, rival: Fit) -> bool:
    if best.right is not None and rival.right is not None:
        return rival.right <= best.right - _MARGIN_RIGHT
    return rival.rank > CLEARLY * best.rank and best.rank < math.inf


def untrained(network: ResNet) -> bool:
    """Whether all running statistics are those of a new network."""
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    return bool(norms) and all(
        bool((torch.as_tensor(m.running_mean) == 0).all())
        and bool((torch.as_tensor(m.running_var) == 1).all())
        for m in norms
    )


def _by_answers(candidate: Candidate, network: ResNet, preprocessing: Preprocessing) -> Fit:
    """Count the right answers with statistics of the photographs themselves."""
    if network.spec.classes != len(CIFAR10_CLASSES) or candidate.head.layer is None:
        return Fit(candidate, network)
    labelled = [name for name, sample in samples().items() if sample.label in CIFAR10_CLASSES]
    batch = to_batch(
        [seen(sample_picture(name), preprocessing) for name in labelled], preprocessing
    )
    measured = with_statistics(network, preprocessing)
    with torch.no_grad():
        answers = measured(batch).argmax(1).tolist()
    right = sum(
        CIFAR10_CLASSES[answer] == samples()[name].label
        for answer, name in zip(answers, labelled, strict=True)
    )
    return Fit(candidate, network, right=right)


def with_statistics(network: ResNet, preprocessing: Preprocessing) -> ResNet:
    """A copy of a network with the running statistics of the bundled photographs."""
    measured = copy.deepcopy(network)
    set_statistics(measured, photographs(preprocessing))
    return measured
