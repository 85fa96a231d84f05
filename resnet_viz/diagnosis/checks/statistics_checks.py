"""Compare running statistics with pictures: which layer differs, and whether all of them do.

The pass is one in training mode, so each layer gets normalised values: a layer whose own statistics
are wrong differs alone, and a layer whose weights changed differs together with those after it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean, median

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.checkpoints.running_statistics import Remeasured, remeasured
from resnet_viz.diagnosis.answers import Answers
from resnet_viz.diagnosis.thresholds import graded, worst
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.records import CheckFinding, Severity

_TINY = 1e-12
_ENOUGH = 64  # images for the statistics of one channel; sixteen differ by 1.5 in healthy networks
_GAIN = 0.1  # share of right answers that the pictures' own statistics add
_SEVERAL = 0.1  # median score when many layers differ; healthy networks have 0.07 at most
_ALIKE = 0.3  # median score of networks whose pictures are like those of the training
_JUMP = 3.0  # a layer's score over the median of those before it
_FEWEST_JUMP = 0.3  # the smallest score of such a layer; healthy layers have 0.25 at most
_NEW_SHARE = 0.2  # of a new network's statistics in those of the file
_EXPLAINED = 0.9  # share of layers


@dataclass(frozen=True, eq=False)
class Mismatch:
    """How far running statistics are from those of a batch, by layer in order of execution.

    Parameters
    ----------
    scores
        Median over channels of |mean' - mean| / deviation, plus that of |ln(variance' / variance)|.
    channels
        The largest of the same for one channel, and its number.
    stale
        Share of a new network's statistics (mean 0, variance 1) in those of the layer, if they are
        such a mixture; 0 otherwise.
    logits
        Outputs for the batch with its own statistics.

    """

    scores: Mapping[str, float]
    channels: Mapping[str, tuple[float, int]]
    stale: Mapping[str, float]
    logits: Float[Tensor, "batch classes"]
    images: int

    @property
    def later(self) -> dict[str, float]:
        """Scores of all layers but the first, which depends on the normalisation of the input."""
        return dict(list(self.scores.items())[1:])


def mismatch(
    network: ResNet,
    batch: Float[Tensor, "batch channel height width"],
    known: Remeasured | None = None,
) -> Mismatch:
    """Compare with the statistics of a batch, which are measured if they are not ``known``."""
    found = known if known is not None and known.is_of(batch) else remeasured(network, batch)
    norms = dict(network.named_modules())
    scores, channels, stale = {}, {}, {}
    for name, wanted in found.statistics.items():
        norm = norms[name]
        assert isinstance(norm, nn.BatchNorm2d)  # they are what was measured
        mean, variance = _statistics(norm)
        wanted_mean, wanted_variance = (each.double() for each in wanted)
        variance = variance.clamp_min(_TINY)
        shift = (wanted_mean - mean).abs() / variance.sqrt()
        spread = (wanted_variance.clamp_min(_TINY) / variance).log().abs()
        scores[name] = float(shift.median() + spread.median())
        # a channel that no picture varies has no ratio, and says nothing
        alive = (wanted_variance > 1e-6) | (variance > 1e-4)
        both = (shift.clamp_max(1e6) + spread) * alive
        channels[name] = (float(both.max()), int(both.argmax()))
        stale[name] = _share_of_new(mean, variance, wanted_mean, wanted_variance)
    return Mismatch(scores, channels, stale, found.logits, len(batch))


def _statistics(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    return torch.as_tensor(norm.running_mean).double(), torch.as_tensor(norm.running_var).double()


def _share_of_new(mean: Tensor, variance: Tensor, wanted: Tensor, wanted_variance: Tensor) -> float:
    """The share a in mean = (1 - a) mean', variance = a + (1 - a) variance'; 0 if none fits."""
    ones = torch.ones_like(variance)
    known = torch.cat([mean, variance - ones])
    full = torch.cat([wanted, wanted_variance - ones])
    size = float(full.square().sum())
    if not size or not float(known.square().sum()):
        return 1.0 if size else 0.0
    kept = float(known @ full) / size
    rest = float((known - kept * full).square().sum() / known.square().sum())
    return 1 - kept if rest < 1 - _EXPLAINED and 0 <= kept < 1 - _NEW_SHARE else 0.0


def statistics_findings(found: Mismatch, known: Answers | None) -> Iterator[CheckFinding]:
    """Yield the first layer that differs, or say that all of them do.

    If the network's answers are ``known`` to be wrong, smaller differences count. If they are much
    better with the pictures' own statistics, those of the file are the cause.
    """
    later = found.later or dict(found.scores)
    if not later:
        return
    mean = fmean(later.values())
    stale = [share for share in found.stale.values() if share]
    if len(stale) > _EXPLAINED * len(found.stale) and min(found.stale.values()) < 1:
        yield graded("bn_consistency_mean", max(mean, 0.0), case="stale",
                     share=f"{median(stale):.0%}")  # fmt: skip
        return
    first = jump(found)
    several = median(later.values()) > _SEVERAL and not _begins_at(first, later)
    if known is not None and known.gained > _GAIN and several:
        yield graded("bn_consistency_mean", mean, case="answers",
                     right=f"{known.right:.0%}", again=f"{known.remeasured:.0%}")  # fmt: skip
        return
    sensitive = known is not None and known.poor
    everywhere = median(later.values()) > _ALIKE and first is None
    yield graded("bn_consistency_mean", mean, case="everywhere" if everywhere else "")
    layers = worst("bn_consistency", later)
    if sensitive and first is not None and not any(_bad(f) for f in layers):
        layers = [graded("bn_consistency", later.get(first, found.scores[first]), first,
                         case="jump", before=_before(first, found.scores))]  # fmt: skip
    yield from layers
    if found.images >= _ENOUGH and median(later.values()) <= _ALIKE:
        yield from _channels(found, {f.layer for f in layers if _bad(f)})


def _begins_at(first: str | None, scores: Mapping[str, float]) -> bool:
    """Whether all layers agree up to one, from which the others differ less and less."""
    if first is None:
        return False
    place = list(scores).index(first)
    before, after = list(scores.values())[:place], list(scores.values())[place + 1 :]
    if before:
        return median(before) <= _SEVERAL
    return bool(after) and scores[first] > _JUMP * median(after)


def jump(found: Mismatch) -> str | None:
    """The first layer that differs much more than those before it; None if there is none.

    The layers before it must agree with the pictures.
    """
    before: list[float] = []
    for name, score in found.later.items():
        usual = median(before) if before else 0.1
        if score > max(_FEWEST_JUMP, _JUMP * usual):
            return name if before or _next_agrees(found) else None
        before.append(score)
    return None


def _next_agrees(found: Mismatch) -> bool:
    """Whether the layers after the second one agree, so that it alone differs."""
    rest = list(found.later.values())[1:]
    return bool(rest) and median(rest) <= _ALIKE


def _before(layer: str, scores: Mapping[str, float]) -> str:
    names = list(scores)
    place = names.index(layer)
    return names[place - 1] if place else layer


def _channels(found: Mismatch, named: set[str | None]) -> Iterator[CheckFinding]:
    """Name layers of which one channel differs, though most do not."""
    for name, (value, channel) in found.channels.items():
        of_input = name not in found.later and found.scores[name] > _ALIKE
        if name not in named and not of_input:
            finding = graded("bn_consistency", value, name, case="channel", channel=str(channel))
            if _bad(finding):
                yield finding


def _bad(finding: CheckFinding) -> bool:
    return finding.severity in (Severity.WARN, Severity.FAIL)
