"""An experiment as a background run: its finding is a file that grows, and outlives it."""

import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from resnet_viz.experiments.recordings import read_recording, record, write_recording
from resnet_viz.experiments.registry import find_experiment
from resnet_viz.records import Recording

_SAVE_EVERY = 2.0  # seconds


def experiment_job(
    config: Mapping[str, Any], folder: Path
) -> Generator[dict[str, Any], None, None]:
    """Do ``config["experiment"]`` with ``config["settings"]``; ``finding.json`` has what is found.

    Events: ``progress``, and ``result`` with the numbers at the end. A surface goes on from the
    lines it has; other experiments begin anew.
    """
    row = find_experiment(config["experiment"])
    settings = row.settings(config["settings"])
    last, saved = None, time.monotonic()
    try:
        for last in record(folder.name, row, settings, found(folder)):
            if last.finding.progress == 1 or time.monotonic() - saved > _SAVE_EVERY:
                write_recording(folder / "finding.json", last)
                saved = time.monotonic()
            yield {"key": "progress", "share": last.finding.progress, "seconds": last.seconds}
    except GeneratorExit:
        if last is not None:
            write_recording(folder / "finding.json", last)
        raise
    if last is not None:
        finding = last.finding
        yield {"key": "result", "numbers": dict(finding.numbers), "answer": finding.answer}


def found(folder: Path) -> Recording | None:
    """What a run has found so far."""
    try:
        return read_recording(folder / "finding.json")
    except (OSError, ValueError, KeyError):
        return None
