"""``diagnose``: identify the network of a weights file and check it."""

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

_ORDER = list(Severity)  # worst first


def diagnose(
    path: str | Path,
    *,
    images: str | Path | None = None,
    spec: NetworkSpec | None = None,
    skip: tuple[str, ...] = (),
) -> CheckpointReport:
    """Identify the network of a weights file and check it.

    Parameters
    ----------
    path
        A file of PyTorch, safetensors or ONNX; see ``read_weights``.
    images
        A folder or ZIP of pictures, or a named data set. By default test images of the data set
        that the network was trained on, if it is known and on this machine (as the digits are),
        otherwise the bundled photographs. With one folder per class, or a named data set, the
        checks on labels run too.
    spec
        The network, if the file does not contain its spec; identified by default.
    skip
        Names of tensors to ignore.

    Returns
    -------
    CheckpointReport
        The identified network, the findings (worst first) and the measurements of every layer.

    Raises
    ------
    CheckpointError
        If the file cannot be read, is unsafe or fits no network.
    DataError
        If ``images`` cannot be read or do not fit the network.

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
    """Run ``diagnose`` step by step; the last step has the complete report."""
    yield DiagnosisProgress(DiagnosisPart.READING, 0)
    yield from examine(identified(path, spec, skip), images)


def identified(
    path: str | Path, spec: NetworkSpec | None = None, skip: tuple[str, ...] = ()
) -> Identification:
    """Read a weights file and identify its network; parameters and errors as ``diagnose``."""
    path = Path(path)
    weights = read_weights(path)
    tensors = {key: value for key, value in weights.tensors.items() if key not in skip}
    return identify(replace(weights, tensors=tensors), safe_name(path.name), spec)


def examine(
    identification: Identification, images: str | Path | None = None
) -> Iterator[DiagnosisProgress]:
    """Check an identified network step by step; the last step has the complete report."""
    from resnet_viz.diagnosis.user_images import own_set, user_images

    yield DiagnosisProgress(DiagnosisPart.IMAGES, 0)
    known = own_set(identification)
    if images is None and known is not None:
        own_images = user_images(known, identification)
        report = _report(identification, own_images.batch(), own_images.name)
    elif images is None:
        report = _report(identification, sample_batch(identification.preprocessing), "bundled")
    else:
        own_images = user_images(images, identification)
        report = _report(identification, own_images.batch(), own_images.name)
        if own_images.labels is not None:
            for step in _with_labels(report, identification, own_images):
                yield step
                report = step.report or report
    yield DiagnosisProgress(DiagnosisPart.DONE, 1, report)


def _with_labels(
    report: CheckpointReport, identification: Identification, images: "OwnImages"
) -> Iterator[DiagnosisProgress]:
    from resnet_viz.diagnosis.checks.label_checks import labelled_findings, labelled_steps

    for step in labelled_steps(identification, images):
        updated = None
        if step.results is not None:
            findings = _ranked([*report.findings, *labelled_findings(step.results)])
            updated = replace(report, labelled=step.results, findings=findings)
        yield DiagnosisProgress(step.part, step.share, updated)


def _report(
    identification: Identification, batch: Float[Tensor, "batch channel height width"], images: str
) -> CheckpointReport:
    measured = (
        measure(identification.network, batch)
        if identification.spec.input_channels == batch.shape[1]
        else None
    )
    findings = [*weight_findings(identification.network), *update_findings(identification)]
    if measured is not None:
        findings += image_findings(identification, measured)
        findings += known_findings(identification)
        findings += input_findings(identification, batch)
    return CheckpointReport(
        name=identification.name,
        identified=_identified(identification),
        findings=_ranked(findings),
        layers=_layers(identification, measured),
        images=images,
    )


def _ranked(findings: Iterable[CheckFinding]) -> tuple[CheckFinding, ...]:
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity)))


def _layers(
    identification: Identification, measured: ImageMeasurements | None
) -> tuple[LayerHealth, ...]:
    """Measurements of every convolution, normalisation, activation and the head, in order."""
    weights = weight_health(identification.network)
    modules = dict(identification.network.named_modules())
    rows = []
    for name in identification.network.tap_names():
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


def _identified(identification: Identification) -> Identified:
    spec = identification.spec
    return Identified(
        family=family(spec),
        kind=spec.kind.value if identification.sure else None,
        depth=spec.depth,
        block=spec.block.value,
        widths=spec.widths,
        shortcut=spec.shortcut.value if identification.sure else None,
        classes=spec.classes,
        input_channels=spec.input_channels,
        parameters=sum(p.numel() for p in identification.network.parameters()),
        confidence=round(identification.confidence, 4),
        stages=spec.depths,
        order=spec.order.value,
        stem=spec.stem.value,
        groups=spec.groups,
        norm=spec.norm.value,
        matched=identification.matched,
        total=identification.total,
        normalisation=identification.normalisation,
        scores=dict(identification.scores),
        input_scores=dict(identification.input_scores),
        training={
            k: v for k, v in identification.training.items() if not isinstance(v, (dict, list))
        },
        class_names=identification.classes,
        spec=spec,
    )


def family(spec: NetworkSpec) -> str:
    """The family of a spec: cifar (6n + 2), imagenet, resnext, wide, pre-activation or resnet."""
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
