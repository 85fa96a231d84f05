"""Say what a file has besides the network that was read: copies, spare tensors, other functions."""

from collections.abc import Iterator

from resnet_viz.checkpoints.identifying.heads import HeadKind
from resnet_viz.checkpoints.identifying.identification import FileFacts, Identification
from resnet_viz.diagnosis.thresholds import graded
from resnet_viz.pictures.decode import safe_name
from resnet_viz.records import CheckFinding

_MOST_NAMED = 6
#: Heads that are not one linear layer, by the check that describes them.
_HEADS = {
    HeadKind.NONE: "head_none",
    HeadKind.LAYERS: "head_layers",
    HeadKind.SEVERAL: "head_several",
    HeadKind.CONVOLUTION: "head_convolution",
}


def file_findings(identification: Identification) -> Iterator[CheckFinding]:
    """Yield what is worth knowing about the file of an identified network."""
    facts = identification.file
    yield from contents_findings(facts)
    if facts.head is not None and facts.head.kind in _HEADS:
        words = {"classes": str(facts.head.classes), "layers": facts.head.words[:400]}
        yield graded(_HEADS[facts.head.kind], float(facts.head.classes), note=True, **words)
    if not facts.has_statistics:
        yield graded("statistics_missing", 1.0)
    if facts.rivals and identification.sure:
        yield _same_tensors(identification)


def contents_findings(facts: FileFacts) -> Iterator[CheckFinding]:
    """Yield the copies, the tensors that were set aside, and the weights that were merged."""
    if facts.copies:
        count, names = float(len(facts.copies)), ", ".join(map(safe_name, facts.copies))
        yield graded("copies", count, note=True, copy=safe_name(facts.copy), names=names)
    if facts.aside:
        yield graded("set_aside", float(len(facts.aside)), note=True, names=_some(facts.aside))
    if facts.merged:
        ways = ", ".join(dict.fromkeys(each.way for each in facts.merged))
        names = _some(tuple(each.name for each in facts.merged))
        yield graded("merged", float(len(facts.merged)), note=True, ways=ways, names=names)


def _same_tensors(identification: Identification) -> CheckFinding:
    """Name the networks with the same tensors and another function, and how well they fit."""
    facts = identification.file
    scores = ", ".join(f"{name} {score}" for name, score in facts.rivals.items())
    check = "function_open" if facts.open else "function"
    words = {"chosen": facts.function, "fit": facts.score, "scores": scores}
    count = float(len(facts.rivals))
    return graded(check, count, note=True, open=", ".join(facts.open), **words)


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(map(safe_name, names[:_MOST_NAMED]))
    return shown if len(names) <= _MOST_NAMED else f"{shown}, ..."
