"""``diagnose``: one weights file to one report."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from jaxtyping import Float
from torch import Tensor

from resnet_viz.checkpoints.identifying.identify import Identification, identify
from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.diagnosis.checks.image_checks import ImageMeasurements, image_findings, measure
from resnet_viz.diagnosis.checks.input_checks import input_findings
from resnet_viz.diagnosis.checks.known_checks import known_findings
from resnet_viz.diagnosis.checks.update_checks import update_findings
from resnet_viz.diagnosis.checks.weight_checks import weight_findings, weight_health
from resnet_viz.pictures.decode import safe_name
from resnet_viz.pictures.samples import sample_batch
from resnet_viz.records import (
    CheckFinding,
    CheckpointReport,
    DiagnosisPart,
    DiagnosisProgress,
    Identified,
    LayerHealth,
    Severity,
)
from resnet_viz.spec import Block, NetworkSpec, Order, Stem
from resnet_viz.spec.checks import USUAL_WIDTH_PER_GROUP

if TYPE_CHECKING:
    from resnet_viz.diagnosis.user_images import OwnImages

_ORDER = list(Severity)  # the worst first


def diagnose(
    path: str | Path,
    *,
    images: str | Path | None = None,
    spec: NetworkSpec | None = None,
    skip: tuple[str, ...] = (),
) -> CheckpointReport:
    """What a weights file is and what is wrong with it.

    ``images`` is a folder or ZIP of pictures (class folders give labels too), or a known data set;
    the bundled photographs by default. ``spec`` says which network it is, where that is known;
    ``skip`` names tensors to leave out. Raises ``CheckpointError``, ``DataError``.
    """
    *_, last = diagnosis(path, images=images, spec=spec, skip=skip)
    assert last.report is not None
    return last.report


def diagnosis(
    path: str | Path,
    *,
    images: str | Path | None = None,
    spec: NetworkSpec | None = None,
    skip: tuple[str, ...] = (),
) -> Iterator[DiagnosisProgress]:
    """The same, step by step; the last step has the whole report."""
    yield DiagnosisProgress(DiagnosisPart.READING, 0)
    yield from examine(identified(path, spec, skip), images)


def identified(
    path: str | Path, spec: NetworkSpec | None = None, skip: tuple[str, ...] = ()
) -> Identification:
    """Read a weights file and find out which network it is of."""
    path = Path(path)
    weights = read_weights(path)
    kept = {key: value for key, value in weights.tensors.items() if key not in skip}
    return identify(replace(weights, tensors=kept), safe_name(path.name), spec)


def examine(found: Identification, images: str | Path | None = None) -> Iterator[DiagnosisProgress]:
    """The report on a network that has been identified, step by step."""
    yield DiagnosisProgress(DiagnosisPart.IMAGES, 0)
    if images is None:
        report = _report(found, sample_batch(found.preprocessing), "bundled")
    else:
        from resnet_viz.diagnosis.user_images import user_images

        own = user_images(images, found)
        report = _report(found, own.batch(), own.name)
        if own.labels is not None:
            for step in _with_labels(report, found, own):
                yield step
                report = step.report or report
    yield DiagnosisProgress(DiagnosisPart.DONE, 1, report)


def _with_labels(
    report: CheckpointReport, found: Identification, own: "OwnImages"
) -> Iterator[DiagnosisProgress]:
    from resnet_viz.diagnosis.checks.label_checks import labelled_findings, labelled_steps

    for step in labelled_steps(found, own):
        whole = None
        if step.known is not None:
            findings = _ranked([*report.findings, *labelled_findings(step.known)])
            whole = replace(report, labelled=step.known, findings=findings)
        yield DiagnosisProgress(step.part, step.share, whole)


def _report(
    found: Identification, batch: Float[Tensor, "batch channel height width"], images: str
) -> CheckpointReport:
    measured = (
        measure(found.network, batch) if found.spec.input_channels == batch.shape[1] else None
    )
    findings = [*weight_findings(found.network), *update_findings(found)]
    if measured is not None:
        findings += image_findings(found, measured)
        findings += known_findings(found)
        findings += input_findings(found, batch)
    return CheckpointReport(
        name=found.name,
        identified=_identified(found),
        findings=_ranked(findings),
        layers=_layers(found, measured),
        images=images,
    )


def _ranked(findings: Iterable[CheckFinding]) -> tuple[CheckFinding, ...]:
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity)))


def _layers(found: Identification, measured: ImageMeasurements | None) -> tuple[LayerHealth, ...]:
    """Every convolution, norm, activation and the head in order of execution."""
    weights = weight_health(found.network)
    modules = dict(found.network.named_modules())
    rows = []
    for name in found.network.tap_names():
        row = weights.get(name)
        if row is None and measured is not None and name in measured.scores:
            row = LayerHealth(name, "norm")
        if row is None and measured is not None and name in measured.dead:
            row = LayerHealth(name, "activation")
        if row is not None and name in modules:
            rows.append(row if measured is None else _with(row, measured))
    return tuple(rows)


def _with(row: LayerHealth, measured: ImageMeasurements) -> LayerHealth:
    return replace(
        row,
        consistency=_get(measured.scores, row.name),
        dead_units=_get(measured.dead, row.name),
        largest=_get(measured.largest, row.name),
        gradient_norm=_get(measured.gradients, row.name),
    )


def _get(values: Mapping[str, float], name: str) -> float | None:
    value = values.get(name)
    return None if value is None or not math.isfinite(value) else value


def _identified(found: Identification) -> Identified:
    spec = found.spec
    return Identified(
        family=family(spec),
        kind=spec.kind.value if found.sure else None,
        depth=spec.depth,
        block=spec.block.value,
        widths=spec.widths,
        shortcut=spec.shortcut.value if found.sure else None,
        classes=spec.classes,
        input_channels=spec.input_channels,
        parameters=sum(p.numel() for p in found.network.parameters()),
        confidence=round(found.confidence, 4),
        stages=spec.depths,
        order=spec.order.value,
        stem=spec.stem.value,
        groups=spec.groups,
        norm=spec.norm.value,
        matched=found.matched,
        total=found.total,
        normalisation=found.normalisation,
        scores=dict(found.scores),
        input_scores=dict(found.input_scores),
        training={k: v for k, v in found.training.items() if not isinstance(v, (dict, list))},
        class_names=found.classes,
        spec=spec,
    )


def family(spec: NetworkSpec) -> str:
    """Cifar (6n + 2), imagenet, resnext, wide, pre-activation, or resnet for any other."""
    if spec.order is Order.PRE:
        wide = spec.stem_width is not None and spec.stem is Stem.CIFAR
        return "wide" if wide else "pre-activation"
    if spec.groups > 1:
        return "resnext"
    if spec.width_per_group > USUAL_WIDTH_PER_GROUP:
        return "wide"
    if spec.stem is Stem.IMAGENET:
        return "imagenet"
    usual = spec.widths == (16, 32, 64) and len(set(spec.depths)) == 1
    return "cifar" if usual and spec.block is Block.BASIC else "resnet"
