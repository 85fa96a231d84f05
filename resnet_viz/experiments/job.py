"""The background job of an experiment; the finding is saved to a file while it runs."""

import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

from resnet_viz.experiments.recordings import read_recording, record, write_recording
from resnet_viz.experiments.registry import find_experiment
from resnet_viz.records import Recording
from resnet_viz.records.experiment_events import (
    ExperimentEvent,
    ExperimentProgress,
    ExperimentResult,
)
from resnet_viz.records.findings import Settings

_SAVE_EVERY = 2.0  # seconds


@dataclass(frozen=True)
class ExperimentConfig:
    """An experiment and its settings."""

    experiment: str  # name
    settings: Settings = field(default_factory=dict)  # those that differ from the defaults


def experiment_job(
    config: ExperimentConfig, folder: Path
) -> Generator[ExperimentEvent, None, None]:
    """Run an experiment and save its finding to ``finding.json`` every two seconds.

    A resumed loss surface continues after its last line; other experiments start again.

    Parameters
    ----------
    config
        The experiment and its settings.
    folder
        Folder of the run.

    Yields
    ------
    ExperimentEvent
        Progress after each finding, and the result at the end.

    """
    row = find_experiment(config.experiment)
    settings = row.settings(config.settings)
    last, saved = None, time.monotonic()
    try:
        for last in record(folder.name, row, settings, saved_recording(folder)):
            if last.finding.progress == 1 or time.monotonic() - saved > _SAVE_EVERY:
                write_recording(folder / "finding.json", last)
                saved = time.monotonic()
            yield ExperimentProgress(last.finding.progress, last.seconds)
    except GeneratorExit:
        if last is not None:
            write_recording(folder / "finding.json", last)
        raise
    if last is not None:
        verdict = row.verdict(last.finding)
        answer = None if verdict is None else verdict.answer
        yield ExperimentResult(last.finding.numbers, answer)


def saved_recording(folder: Path) -> Recording | None:
    """Return the finding that a run has saved so far; None without a readable file."""
    try:
        return read_recording(folder / "finding.json")
    except (OSError, ValueError):
        return None
