"""Findings that are kept: those in the repository, and those of background runs."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from json import loads
from pathlib import Path
from shlex import quote
from typing import Any

import torch

from resnet_viz.core.converter import decode, encode
from resnet_viz.core.places import ASSETS
from resnet_viz.core.saving import SCHEMA_VERSION, library_versions, to_json, whole_file
from resnet_viz.experiments.registry import Experiment
from resnet_viz.records import Finding, Recording

FOLDER = ASSETS / "recordings" / "experiments"

#: Seconds on one core above which a page shows a recording and offers a background run.
LIVE_LIMIT = 60.0


def recordings_of(experiment: str) -> list[Recording]:
    """The recordings in the repository, that of the usual settings first."""
    own = [one for one in _all() if one.finding.experiment == experiment]
    return sorted(own, key=lambda one: (one.name != experiment, one.name))


@cache
def _all() -> tuple[Recording, ...]:
    return tuple(read_recording(path) for path in sorted(FOLDER.glob("*.json")))


def read_recording(path: Path) -> Recording:
    """A recording from its file; ``OSError`` or ``ValueError`` where there is none."""
    return decode(Recording, loads(path.read_text(encoding="utf-8")))


def write_recording(path: Path, recording: Recording) -> None:
    """A recording to its file, whole or not at all."""
    document = {"schema_version": SCHEMA_VERSION, **encode(recording)}
    with whole_file(path) as partial:
        partial.write_text(to_json(document, indent=None) + "\n", encoding="utf-8")


def record(
    name: str, row: Experiment, config: Any, earlier: Recording | None = None  # noqa: ANN401
) -> Iterator[Recording]:  # fmt: skip
    """An experiment record by record, each with what is needed to repeat it.

    One that can go on from an ``earlier`` finding does; any other begins anew.
    """
    known = earlier if row.resume is not None else None
    spent, started = 0.0 if known is None else known.seconds, time.process_time()
    findings = row.run(config) if known is None else row.go_on(config, known.finding)
    for finding in findings:
        yield Recording(
            name=name,
            finding=finding,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            device="cpu",
            threads=torch.get_num_threads(),
            seconds=round(spent + time.process_time() - started, 2),
            command=command(finding),
            versions=library_versions(),
        )


def command(finding: Finding) -> str:
    """The command that repeats a finding; what is empty needs no word."""
    settings = encode(finding.settings).items()
    given = "".join(f" --set {name}={quote(_written(v))}" for name, v in settings if v != "")
    return f"resnet-viz experiment {finding.experiment}{given}"


def _written(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def expected_seconds(row: Experiment, config: Any) -> float | None:  # noqa: ANN401
    """About how long an experiment takes on one core, from its recording with usual settings.

    None where there is no such recording.
    """
    usual = next((one for one in recordings_of(row.name) if one.name == row.name), None)
    if usual is None:
        return None
    start = row.settings(usual.finding.settings)
    return float(usual.seconds * config.work / start.work)
