"""An experiment as a background run: its finding is a file that grows, and outlives it."""

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from resnet_viz.experiments.recordings import read_recording, record, write_recording
from resnet_viz.experiments.registry import find_experiment
from resnet_viz.records import Recording
from resnet_viz.records.experiment_events import (
    ExperimentEvent,
    ExperimentProgress,
    ExperimentResult,
)

_SAVE_EVERY = 2.0  # seconds


@dataclass(frozen=True)
class ExperimentConfig:
    """Which experiment, and its settings that are not the usual ones."""

    experiment: str
    settings: Mapping[str, Any] = field(default_factory=dict)  # checked by the experiment's row


def experiment_job(
    config: ExperimentConfig, folder: Path
) -> Generator[ExperimentEvent, None, None]:
    """Do an experiment; ``finding.json`` has what it found so far.

    A surface goes on from the lines it has; other experiments begin anew.
    """
    row = find_experiment(config.experiment)
    settings = row.settings(config.settings)
    last, saved = None, time.monotonic()
    try:
        for last in record(folder.name, row, settings, found(folder)):
            if last.finding.progress == 1 or time.monotonic() - saved > _SAVE_EVERY:
                write_recording(folder / "finding.json", last)
                saved = time.monotonic()
            yield ExperimentProgress(last.finding.progress, last.seconds)
    except GeneratorExit:
        if last is not None:
            write_recording(folder / "finding.json", last)
        raise
    if last is not None:
        yield ExperimentResult(last.finding.numbers, last.finding.answer)


def found(folder: Path) -> Recording | None:
    """What a run has found so far."""
    try:
        return read_recording(folder / "finding.json")
    except (OSError, ValueError):
        return None
