"""Run experiments and write their results to ``assets/recordings/experiments``.

    python -m scripts.experiment_recordings            # those that are missing
    python -m scripts.experiment_recordings cka cka-56  # these, anew

``scripts.recordings`` writes the documentation's tables from these results.
"""

import sys
from collections.abc import Mapping
from typing import Any

import torch

from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.experiments.recordings import FOLDER, record, write_recording
from resnet_viz.experiments.registry import EXPERIMENTS, find_experiment

#: The experiment of each file, and the settings that differ from the defaults.
_WANTED: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    **{name: (name, {}) for name in EXPERIMENTS},
    "shattered-gradients-20": ("shattered-gradients", {"seeds": 20}),
    "layer-responses-56": ("layer-responses", {"depth": 56}),
    "grad-cam-sanity-56": ("grad-cam-sanity", {"depth": 56}),
    "loss-landscape-56": ("loss-landscape", {"depth": 56}),
    "cka-56": ("cka", {"depth": 56, "images": 1000}),
    "refinement-56": ("refinement", {"depth": 56, "images": 500}),
    "paths-20": ("paths", {"depth": 20}),
    "lesion-56": ("lesion", {"depth": 56, "images": 1000}),
    "loss-landscape-2d": ("loss-landscape", {"dimensions": 2, "images": 200}),
    "loss-landscape-2d-56": ("loss-landscape", {"depth": 56, "dimensions": 2, "images": 150}),
    "loss-landscape-2d-110": ("loss-landscape", {"depth": 110, "dimensions": 2, "images": 100}),
}


def _depth(experiment: str, settings: Mapping[str, Any]) -> int:
    """Return the depth of the trained twins that a recording needs; 20 if it needs none."""
    config = find_experiment(experiment).settings(settings)
    return int(config.depth) if hasattr(config, "twins") else 20


#: The recordings of depths that have trained twins in the repository.
RECORDINGS = {
    name: row for name, row in _WANTED.items() if f"plain{_depth(*row)}" in bundled_names()
}


def main(names: list[str]) -> None:
    """Record experiments with one thread, so that times are comparable; by default missing ones."""
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names or [n for n in RECORDINGS if not (FOLDER / f"{n}.json").exists()]:
        row = find_experiment(RECORDINGS[name][0])
        *_, last = record(name, row, row.settings(RECORDINGS[name][1]))
        write_recording(FOLDER / f"{name}.json", last)
        print(name, f"{last.seconds:.0f} s", dict(last.finding.numbers), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
