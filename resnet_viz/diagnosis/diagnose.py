"""``diagnose``: identify the network of a weights file and check it."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from torch import nn

from resnet_viz.checkpoints.identifying.identification import Identification
from resnet_viz.checkpoints.identifying.identify import identify
from resnet_viz.core.errors import CheckpointError
from resnet_viz.diagnosis.checks.image_checks import ImageMeasurements
from resnet_viz.diagnosis.checks.weight_checks import weight_health
from resnet_viz.diagnosis.examination import Examined, examined
from resnet_viz.diagnosis.network_facts import file_contents, network_facts
from resnet_viz.diagnosis.pictures import bundled_pictures
from resnet_viz.diagnosis.sources import Checkpoint, read_source
from resnet_viz.diagnosis.weighted_layers import layers_of_network
from resnet_viz.diagnosis.weights_only import UNBUILT, weights_report
from resnet_viz.diagnosis.xray import xray
from resnet_viz.records import (
    CheckFinding,
    CheckpointReport,
    DiagnosisPart,
    DiagnosisProgress,
    LayerHealth,
)
from resnet_viz.report.checkpoint_code import checkpoint_code
from resnet_viz.results.report_result import CheckpointReport as DrawnReport
from resnet_viz.spec import NetworkSpec

if TYPE_CHECKING:
    from resnet_viz.diagnosis.user_images import OwnImages


@overload
def diagnose(
    source: str | Path,
    *,
    images: str | Path | None = None,
    spec: NetworkSpec | None = None,
    skip: tuple[str, ...] = (),
    copy: str = "",
) -> DrawnReport: ...


@overload
def diagnose(
    source: Mapping[str, Any],
    *,
    images: str | Path | None = None,
    spec: NetworkSpec | None = None,
    skip: tuple[str, ...] = (),
    copy: str = "",
) -> DrawnReport: ...


@overload
def diagnose(
    source: nn.Module,
    *,
    images: str | Path | None = None,
    spec: NetworkSpec | None = None,
    skip: tuple[str, ...] = (),
) -> DrawnReport: ...


def diagnose(
    source: Checkpoint,
    *,
    images: str | Path | None = None,
    spec: NetworkSpec | None = None,
    skip: tuple[str, ...] = (),
    copy: str = "",
) -> DrawnReport:
    """Identify the network of a weights file, a state dict or a network, and check it.

    Parameters
    ----------
    source
        A file (see ``read_weights``); a state dict, bare or in a dictionary; or a network of any
        class. A network is read and never changed, on whatever device it is.
    images
        A folder or ZIP of pictures, or a named data set. By default test images of the data set
        that the network was trained on, if it is known and on this machine (as the digits are),
        otherwise the bundled photographs. With one folder per class, or a named data set, the
        checks on labels run too.
    spec
        The network, if the file does not contain its spec; identified by default.
    skip
        Names of tensors to ignore.
    copy
        Name of the set of weights to check, if there are several; see ``read_weights``.

    Returns
    -------
    CheckpointReport
        The identified network, the findings (worst first) and the measurements of every layer. For
        a network that is not built here only the weights are checked.

    Raises
    ------
    CheckpointError
        If the file cannot be read, is unsafe, or does not fit ``spec``.
    DataError
        If ``images`` cannot be read or do not fit the network.

    """
    *_, last = diagnosis(source, images=images, spec=spec, skip=skip, copy=copy)
    assert last.report is not None
    return DrawnReport(**vars(last.report))


def diagnosis(
    source: Checkpoint,
    *,
    images: str | Path | None = None,
    spec: NetworkSpec | None = None,
    skip: tuple[str, ...] = (),
    copy: str = "",
    with_xray: bool = False,
) -> Iterator[DiagnosisProgress]:
    """Run ``diagnose`` step by step; the last step has the complete report.

    ``with_xray`` adds histograms of every layer of a network that was built.
    """
    yield DiagnosisProgress(DiagnosisPart.READING, 0)
    read = read_source(source, spec=spec, skip=skip, copy=copy)
    yield DiagnosisProgress(DiagnosisPart.IDENTIFYING, 0)
    try:
        identification = identify(read.weights, read.name, read.spec)
    except CheckpointError as error:
        if spec is not None or error.code not in UNBUILT:
            raise
        yield DiagnosisProgress(DiagnosisPart.WEIGHTS, 0)
        yield DiagnosisProgress(
            DiagnosisPart.DONE, 1, weights_report(read.weights, read.name, error, read.file)
        )
    else:
        yield from examine(identification, images, read.file, with_xray=with_xray)


def identified(
    source: Checkpoint,
    spec: NetworkSpec | None = None,
    skip: tuple[str, ...] = (),
    copy: str = "",
) -> Identification:
    """Read weights and identify their network; parameters as ``diagnose``.

    Raises ``CheckpointError`` as ``diagnose``, and if no network fits.
    """
    read = read_source(source, spec=spec, skip=skip, copy=copy)
    return identify(read.weights, read.name, read.spec)


def examine(
    identification: Identification,
    images: str | Path | None = None,
    file: str = "",
    *,
    with_xray: bool = False,
) -> Iterator[DiagnosisProgress]:
    """Check an identified network step by step; the last step has the complete report.

    ``file`` is the path that the report's code opens; without it there is no code.
    """
    from resnet_viz.diagnosis.own_normalisation import suited
    from resnet_viz.diagnosis.user_images import own_set, user_images

    place = images if images is not None else own_set(identification)
    if place is None:
        pictures = bundled_pictures(identification)
        found = yield from examined(identification, pictures, file, own_images=False)
        report = _report(found, "bundled", file)
        if with_xray:
            report = replace(report, xray=xray(identification, pictures.batch))
        yield DiagnosisProgress(DiagnosisPart.DONE, 1, report)
        return
    identification, own_images = suited(user_images(place, identification), identification)
    pictures = own_images.run_pictures()
    found = yield from examined(identification, pictures, file, own_images=True)
    report = _report(found, own_images.name, file, own_images.findings())
    if with_xray:
        report = replace(report, xray=xray(identification, pictures.batch))
    if images is not None and own_images.labels is not None and identification.file.answers:
        for step in _with_labels(report, found, own_images):
            yield step
            report = step.report or report
    yield DiagnosisProgress(DiagnosisPart.DONE, 1, report)


def _with_labels(
    report: CheckpointReport, found: Examined, images: "OwnImages"
) -> Iterator[DiagnosisProgress]:
    from resnet_viz.diagnosis.checks.label_checks import (
        answers_of,
        labelled_findings,
        labelled_steps,
    )

    for step in labelled_steps(found.identification, images):
        updated = None
        if step.results is not None:
            known = answers_of(step.results)
            more = [*images.findings(), *labelled_findings(step.results, images.folders)]
            updated = replace(report, labelled=step.results, findings=found.findings(more, known))
        yield DiagnosisProgress(step.part, step.share, updated)


def _report(
    found: Examined, images: str, file: str, more: Iterable[CheckFinding] = ()
) -> CheckpointReport:
    identification = found.identification
    return CheckpointReport(
        name=identification.name,
        identified=network_facts(identification),
        findings=found.findings(more),
        layers=_layers(identification, found.measured),
        images=images,
        copies=identification.file.copies,
        copy=identification.file.copy,
        contents=file_contents(identification.file),
        code=checkpoint_code(identification, file) if file else None,
    )


def _layers(
    identification: Identification, measured: ImageMeasurements | None
) -> tuple[LayerHealth, ...]:
    """Measurements of every convolution, normalisation, activation and the head, in order."""
    answers = identification.file.answers
    weights = weight_health(layers_of_network(identification.network, answers=answers).layers)
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
