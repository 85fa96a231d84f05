"""``judged``: what findings weigh, given how well the network answers and what it was shown."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from resnet_viz.checkpoints.identifying.identification import Identification
from resnet_viz.core.number_format import readable
from resnet_viz.diagnosis.answers import POOR, Answers
from resnet_viz.diagnosis.thresholds import graded
from resnet_viz.records import CheckFinding, Severity
from resnet_viz.spec import Block, Kind, Order

_BAD = (Severity.FAIL, Severity.WARN)
_FEW_CLASSES = 4  # as X-rays have; photographs of other things say little about such a network

#: Checks that need pictures like those of the training.
_OF_INPUT = frozenset({"preprocessing", "input_size", "class_order"})
#: Cases of statistics that are wrong whatever the pictures are.
_CERTAIN = ("stale", "answers", "jump", "channel")
#: What right answers disprove: a measurement of layers or weights that says "broken".
_DISPROVED = frozenset({
    "zero_layer", "wild_weight", "dead_filters", "duplicate_filters", "bn_never_trained",
    "bn_variance", "bn_scale", "weight_scale", "fresh_layer", "young", "bn_consistency",
    "bn_consistency_mean", "preprocessing", "dead_units", "activation_range", "train_eval",
    "one_class", "update_ratio",
})  # fmt: skip


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a diagnosis knows beside single checks.

    Parameters
    ----------
    answers
        Answers to pictures of known classes; None if there are none.
    own_images
        Whether the pictures are the user's.
    like_photographs
        Whether most layers' statistics agree with the pictures.

    """

    answers: Answers | None
    own_images: bool
    like_photographs: bool


def judged(
    findings: Iterable[CheckFinding], identification: Identification, evidence: Evidence
) -> list[CheckFinding]:
    """Weigh findings: right answers outweigh a layer, and unlike pictures say nothing of input."""
    kept = [_of_branch(finding, identification, evidence) for finding in findings]
    kept.sort(key=lambda finding: finding.check != "dead_branch")  # before notes on the file
    if evidence.answers is not None and evidence.answers.well:
        return [_disproved(finding) for finding in kept]
    unfair = _unfair(identification, evidence)
    if unfair is None:
        return kept
    kept = [_milder(f) for f in kept if f.check not in _OF_INPUT or f.severity not in _BAD]
    kept = [finding for finding in kept if finding.check not in _OF_INPUT]
    return [*kept, graded("photographs", 0.0, note=True, case=unfair,
                          channels=str(identification.spec.input_channels),
                          classes=str(identification.spec.classes))]  # fmt: skip


def _unfair(identification: Identification, evidence: Evidence) -> str | None:
    """Why photographs cannot judge this network; None if they can, or pictures are the user's."""
    if evidence.own_images:
        return None
    if identification.spec.input_channels != 3:
        return "channels"
    if identification.spec.classes <= _FEW_CLASSES and identification.file.answers:
        return "classes"
    known = evidence.answers
    answered = known is not None and max(known.renamed, known.remeasured or 0.0) >= POOR
    return None if evidence.like_photographs or answered else "far"


def _disproved(finding: CheckFinding) -> CheckFinding:
    fails = finding.severity is Severity.FAIL and finding.check in _DISPROVED
    return replace(finding, severity=Severity.WARN) if fails else finding


def _milder(finding: CheckFinding) -> CheckFinding:
    """Statistics that unlike pictures disagree with are a warning at most."""
    if finding.check not in ("bn_consistency", "bn_consistency_mean", "train_eval", "one_class"):
        return finding
    if finding.severity is not Severity.FAIL or finding.case in _CERTAIN:
        return finding
    return replace(finding, severity=Severity.WARN)


def _of_branch(
    finding: CheckFinding, identification: Identification, evidence: Evidence
) -> CheckFinding:
    """A branch that is dead makes its block the identity: a note, unless the answers are poor."""
    layer = finding.layer or ""
    whole = finding.check == "dead_units" or (
        finding.check == "zero_layer"
        or ((finding.check, finding.case) == ("bn_scale", "zero") and finding.value == 1.0)
    )
    if finding.severity not in _BAD or not whole or not _in_branch(layer, identification):
        return finding
    known = evidence.answers
    if known is not None and not known.well:
        return finding
    if (
        known is None
        and finding.check != "dead_units"
        and not _ends_branch(finding, identification)
    ):
        return finding
    block = layer.rpartition(".")[0]
    words = {"layer": layer, "block": block, "value": readable(finding.value or 0.0)}
    return CheckFinding(
        "dead_branch", Severity.NOTE, layer, finding.value, None, tuple(words.items())
    )


def _in_branch(layer: str, identification: Identification) -> bool:
    """Whether a layer is on the branch of a block with a shortcut, behind no addition."""
    if identification.spec.kind is not Kind.RESIDUAL or layer.count(".") < 2:
        return False
    return layer.rpartition(".")[2] != "relu" and ".downsample" not in layer


def _ends_branch(finding: CheckFinding, identification: Identification) -> bool:
    """Whether a scale that is zero in every channel is the last of its branch."""
    last = "bn3" if identification.spec.block is Block.BOTTLENECK else "bn2"
    after = identification.spec.order is Order.POST
    named = (finding.layer or "").rpartition(".")[2] == last
    return after and named and finding.check == "bn_scale"
