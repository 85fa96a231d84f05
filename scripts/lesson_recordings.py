"""Measure what lessons show and no experiment records; write ``assets/recordings/lessons``.

python -m scripts.lesson_recordings             # all
python -m scripts.lesson_recordings two-by-two  # this one, anew
"""

import sys
import time
from datetime import UTC, datetime

import torch

from resnet_viz.core.saving import library_versions
from resnet_viz.experiments.recordings import write_recording
from resnet_viz.lessons.lesson_records import FOLDER
from resnet_viz.lessons.measures.measured import MEASURES
from resnet_viz.records import Recording


def main(names: list[str]) -> None:
    """Measure with one thread, so that times are comparable."""
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names or MEASURES:
        started = time.process_time()
        finding = MEASURES[name]()
        recording = Recording(
            name=name,
            finding=finding,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            device="cpu",
            threads=1,
            seconds=round(time.process_time() - started, 2),
            command=f"python -m scripts.lesson_recordings {name}",
            versions=library_versions(),
        )
        write_recording(FOLDER / f"{name}.json", recording)
        print(name, f"{recording.seconds:.0f} s", dict(finding.numbers), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
