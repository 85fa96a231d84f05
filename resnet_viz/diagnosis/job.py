"""A diagnosis as a job: progress, then the report, or what two checkpoints have in common."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.diagnosis.compare_checkpoints import beside
from resnet_viz.diagnosis.diagnose import diagnosis, identified
from resnet_viz.networks.export.spec_file import parse_spec
from resnet_viz.records import (
    CheckpointComparison,
    CheckpointReport,
    DiagnosisPart,
    DiagnosisProgress,
)

DiagnosisRecord = DiagnosisProgress | CheckpointReport | CheckpointComparison


@dataclass(frozen=True)
class WeightsFile:
    """A file, what its user calls it, and its network: a preset, a spec's JSON, or ""."""

    path: str
    name: str
    network: str = ""


@dataclass(frozen=True)
class DiagnosisConfig:
    """What to diagnose, on which images; with ``second`` the two are compared.

    ``images`` is a place as ``diagnose`` takes it, or "" for the bundled photographs;
    ``images_name`` is what its user calls it, or "" for its own name.
    """

    first: WeightsFile
    second: WeightsFile | None = None
    images: str = ""
    images_name: str = ""


def diagnosis_job(config: DiagnosisConfig) -> Iterator[DiagnosisRecord]:
    """Diagnose one file or compare two; records and errors call files as their users do."""
    try:
        if config.second is None:
            yield from _report(config)
        else:
            yield from _comparison(config, config.second)
    except ResnetVizError as error:
        raise _with_users_name(error, config) from error


def _report(config: DiagnosisConfig) -> Iterator[DiagnosisProgress | CheckpointReport]:
    file, report = config.first, None
    for step in diagnosis(file.path, images=config.images or None, spec=parse_spec(file.network)):
        report = step.report
        yield replace(step, report=None)
    assert report is not None
    yield replace(report, name=file.name, images=config.images_name or report.images)


def _comparison(
    config: DiagnosisConfig, second: WeightsFile
) -> Iterator[DiagnosisProgress | CheckpointComparison]:
    networks = [identified(f.path, parse_spec(f.network)) for f in (config.first, second)]
    yield DiagnosisProgress(DiagnosisPart.BESIDE, 0)
    compared = beside(networks[0], networks[1], config.images or None)
    images = config.images_name or compared.images
    yield replace(compared, first=config.first.name, second=second.name, images=images)


def _with_users_name(error: ResnetVizError, config: DiagnosisConfig) -> ResnetVizError:
    """The same error about the name that the user knows instead of the path's."""
    if "name" not in error.values:
        return error
    files = [config.first] if config.second is None else [config.first, config.second]
    names = {Path(file.path).name: file.name for file in files}
    if config.images:
        names[Path(config.images).name] = config.images_name or Path(config.images).name
    name = names.get(str(error.values["name"]), config.first.name)
    return type(error)(error.code, **{**error.values, "name": name})
