"""``diagnosis_job``: a diagnosis, or a comparison of two checkpoints, as a background job."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.diagnosis.compare_checkpoints import compare_checkpoints
from resnet_viz.diagnosis.diagnose import diagnosis, identified
from resnet_viz.diagnosis.repair_file import repair
from resnet_viz.diagnosis.stress import stress_steps
from resnet_viz.networks.export.spec_file import parse_spec
from resnet_viz.records import (
    CheckpointComparison,
    CheckpointReport,
    DiagnosisPart,
    DiagnosisProgress,
    Repair,
    Stress,
)

DiagnosisRecord = DiagnosisProgress | CheckpointReport | CheckpointComparison | Repair | Stress


@dataclass(frozen=True)
class WeightsFile:
    """A weights file.

    ``name`` is the name that the user knows, as ``path`` may be a temporary file. ``network`` is a
    preset's name, a spec as JSON, or "" to identify the network. ``copy`` is the name of a set of
    weights, or "" for the usual one.
    """

    path: str
    name: str
    network: str = ""
    copy: str = ""


@dataclass(frozen=True)
class DiagnosisConfig:
    """What to diagnose.

    Parameters
    ----------
    first
        The file to diagnose.
    second
        A file to compare it with; without one, ``first`` is diagnosed.
    images
        The images, as in ``diagnose``; "" for the bundled photographs.
    images_name
        The name of the images that the user knows; "" for the file's name.
    out
        Where ``first`` is written repaired; "" to diagnose it.
    stress
        Whether to measure resizing and precision of ``first`` instead.

    """

    first: WeightsFile
    second: WeightsFile | None = None
    images: str = ""
    images_name: str = ""
    out: str = ""
    stress: bool = False


def diagnosis_job(config: DiagnosisConfig) -> Iterator[DiagnosisRecord]:
    """Diagnose a checkpoint, compare two, repair or stress one; yield progress, then the result.

    Records and errors use the users' file names.
    """
    try:
        if config.out:
            yield from _repaired(config)
        elif config.stress:
            yield from _stressed(config)
        elif config.second is None:
            yield from _report(config)
        else:
            yield from _comparison(config, config.second)
    except ResnetVizError as error:
        raise _with_users_name(error, config) from error


def _report(config: DiagnosisConfig) -> Iterator[DiagnosisProgress | CheckpointReport]:
    file, report = config.first, None
    spec = parse_spec(file.network)
    for step in diagnosis(
        file.path, images=config.images or None, spec=spec, copy=file.copy, with_xray=True
    ):
        report = step.report
        yield replace(step, report=None)
    assert report is not None
    code = None if report.code is None else replace(report.code, file=file.name)
    images = config.images_name or report.images
    yield replace(report, name=file.name, images=images, code=code)


def _stressed(config: DiagnosisConfig) -> Iterator[DiagnosisProgress | Stress]:
    file = config.first
    found = identified(file.path, parse_spec(file.network), copy=file.copy)
    for step in stress_steps(found, config.images or None):
        if isinstance(step, Stress):
            yield replace(step, name=file.name, images=config.images_name or step.images)
        else:
            yield step


def _repaired(config: DiagnosisConfig) -> Iterator[DiagnosisProgress | Repair]:
    yield DiagnosisProgress(DiagnosisPart.READING, 0)
    file, spec = config.first, parse_spec(config.first.network)
    done = repair(file.path, config.out, images=config.images or None, spec=spec, copy=file.copy)
    yield replace(done, file=file.name)


def _comparison(
    config: DiagnosisConfig, second: WeightsFile
) -> Iterator[DiagnosisProgress | CheckpointComparison]:
    networks = [
        identified(f.path, parse_spec(f.network), copy=f.copy) for f in (config.first, second)
    ]
    yield DiagnosisProgress(DiagnosisPart.BESIDE, 0)
    compared = compare_checkpoints(networks[0], networks[1], config.images or None)
    images = config.images_name or compared.images
    yield replace(compared, first=config.first.name, second=second.name, images=images)


def _with_users_name(error: ResnetVizError, config: DiagnosisConfig) -> ResnetVizError:
    """The same error with the user's file name instead of that of the path."""
    if "name" not in error.values:
        return error
    files = [config.first] if config.second is None else [config.first, config.second]
    names = {Path(file.path).name: file.name for file in files}
    if config.images:
        names[Path(config.images).name] = config.images_name or Path(config.images).name
    name = names.get(str(error.values["name"]), config.first.name)
    return type(error)(error.code, **{**error.values, "name": name})
