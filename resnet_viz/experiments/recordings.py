"""Saved findings: read and write them, run an experiment with a record of how to repeat it."""

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

#: The recordings in the repository.
FOLDER = ASSETS / "recordings" / "experiments"

#: Expected seconds on one core above which a page offers a background run instead of running live.
LIVE_LIMIT = 60.0


def recordings_of(experiment: str) -> list[Recording]:
    """Return an experiment's recordings in the repository, that with default settings first."""
    recordings = [r for r in _all() if r.finding.experiment == experiment]
    return sorted(recordings, key=lambda r: (r.name != experiment, r.name))


def deepest_first(row: Experiment) -> list[Recording]:
    """Return an experiment's recordings: the deepest network first, of equals the most work."""

    def rank(recording: Recording) -> tuple[float, float]:
        settings = recording.finding.settings
        depths = [settings.get("depth", 0), settings.get("layers", 0), *settings.get("depths", ())]
        return float(max(depths)), float(row.settings(settings).work)

    return sorted(recordings_of(row.name), key=rank, reverse=True)


@cache
def _all() -> tuple[Recording, ...]:
    return tuple(read_recording(path) for path in sorted(FOLDER.glob("*.json")))


def read_recording(path: Path) -> Recording:
    """Read a recording from a file.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If the file is not a recording.

    """
    return decode(Recording, loads(path.read_text(encoding="utf-8")))


def write_recording(path: Path, recording: Recording) -> None:
    """Write a recording to a file atomically."""
    document = {"schema_version": SCHEMA_VERSION, **encode(recording)}
    with whole_file(path) as partial:
        partial.write_text(to_json(document, indent=None) + "\n", encoding="utf-8")


def record(
    name: str, row: Experiment, config: Any, earlier: Recording | None = None  # noqa: ANN401
) -> Iterator[Recording]:  # fmt: skip
    """Run an experiment and record how to repeat it.

    Parameters
    ----------
    name
        Name of the recording.
    row
        The experiment.
    config
        Its settings.
    earlier
        A partial recording. It is continued if the experiment can resume and the settings are the
        same; otherwise the experiment starts from the beginning.

    Yields
    ------
    Recording
        One per finding.

    """
    if row.resume is None:
        earlier = None
    seconds_before, started = 0.0 if earlier is None else earlier.seconds, time.process_time()
    findings = row.run(config) if earlier is None else row.continue_from(config, earlier.finding)
    for finding in findings:
        yield Recording(
            name=name,
            finding=finding,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            device="cpu",
            threads=torch.get_num_threads(),
            seconds=round(seconds_before + time.process_time() - started, 2),
            command=command(finding),
            versions=library_versions(),
        )


def command(finding: Finding) -> str:
    """Return the shell command that repeats a finding; empty settings are left out."""
    settings = encode(finding.settings).items()
    options = "".join(f" --set {name}={quote(_as_text(v))}" for name, v in settings if v != "")
    return f"resnet-viz experiment {finding.experiment}{options}"


def _as_text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def expected_seconds(row: Experiment, config: Any) -> float | None:  # noqa: ANN401
    """Estimate the seconds that an experiment takes on one core.

    Scales the time of the recording with default settings by ``config.work``; None without one.
    """
    recording = next((r for r in recordings_of(row.name) if r.name == row.name), None)
    if recording is None:
        return None
    recorded_config = row.settings(recording.finding.settings)
    return float(recording.seconds * config.work / recorded_config.work)
