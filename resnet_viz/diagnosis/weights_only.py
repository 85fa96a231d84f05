"""The diagnosis of a file whose network is not built here: checks of its weights, and no more."""

from resnet_viz.checkpoints.identifying.heads import split_head
from resnet_viz.checkpoints.identifying.identification import FileFacts
from resnet_viz.checkpoints.identifying.named_modules import modules
from resnet_viz.checkpoints.identifying.spare import sort_out
from resnet_viz.checkpoints.identifying.variants import UNKNOWN, variant
from resnet_viz.checkpoints.reading.state_dict import StateDict
from resnet_viz.core.errors import CheckpointError
from resnet_viz.diagnosis.causes import chained
from resnet_viz.diagnosis.checks.file_checks import contents_findings
from resnet_viz.diagnosis.checks.onnx_graph import graph_findings
from resnet_viz.diagnosis.checks.update_checks import update_findings
from resnet_viz.diagnosis.checks.weight_checks import weight_findings, weight_health
from resnet_viz.diagnosis.network_facts import file_contents
from resnet_viz.diagnosis.thresholds import graded
from resnet_viz.diagnosis.weighted_layers import WeightedLayers, layers_of_file
from resnet_viz.records import CheckFinding, CheckpointReport, Identified, Tier

#: What reading a file as a network ends with where its weights can still be checked.
UNBUILT = ("checkpoint_unknown", "checkpoint_mismatch")


def weights_report(
    weights: StateDict, name: str, reason: CheckpointError, file: str = ""
) -> CheckpointReport:
    """Check the weights of a file whose network is unknown, or known and not built here.

    Parameters
    ----------
    weights
        The content of the file.
    name
        The file's name.
    reason
        Why no network was built from it. It may have the ``family`` that it is of.
    file
        Path of the file, for an ONNX graph of its own; empty without one.

    """
    sorted_out = sort_out(weights.tensors)
    family = str(reason.values.get("family") or variant(sorted_out.tensors))
    found = layers_of_file(sorted_out.tensors)
    _, head = split_head(modules(sorted_out.tensors))
    facts = FileFacts(weights.copies, weights.copy, sorted_out.aside, weights.merged, head)
    findings = [
        _unbuilt(family, reason),
        *contents_findings(facts),
        *graph_findings(weights.origin.container, file),
        *weight_findings(found),
        *update_findings(weights.update_ratios),
    ]
    return CheckpointReport(
        name=name,
        identified=_identified(weights, family, found, reason),
        findings=chained(findings, found.order),
        layers=tuple(weight_health(found.layers).values()),
        images="none",
        copies=facts.copies,
        copy=facts.copy,
        contents=file_contents(facts),
    )


def _unbuilt(family: str, reason: CheckpointError) -> CheckFinding:
    """Say what the network is, and how near it is to one that can be built."""
    check = "unknown_architecture" if family == UNKNOWN else "not_built"
    near = "network" in reason.values
    words = {
        key: str(reason.values.get(key, "-")) for key in ("network", "matched", "total", "first")
    }
    return graded("nearly" if near else check, 0.0, note=True, **words)


def _identified(
    weights: StateDict, family: str, found: WeightedLayers, reason: CheckpointError
) -> Identified:
    _, head = split_head(modules(weights.tensors))
    first = next((m.weight.shape[1] for m in found.convolutions.values()), 0)
    return Identified(
        tier=Tier.WEIGHTS,
        family=family,
        kind=None,
        depth=sum(len(m.weight.shape) > 1 for m in found.layers.values()),
        block=None,
        widths=(),
        shortcut=None,
        classes=head.classes,
        input_channels=first,
        parameters=sum(value.numel() for value in found.tensors.values()),
        confidence=0.0,
        stages=(),
        order=None,
        stem=None,
        groups=1,
        norm="batch" if found.norms else None,
        matched=int(str(reason.values.get("matched", 0))),
        total=len(weights),
        normalisation=None,
        scores={},
        input_scores={},
        training={k: v for k, v in weights.training.items() if not isinstance(v, (dict, list))},
        class_names=(),
        spec=None,
    )
