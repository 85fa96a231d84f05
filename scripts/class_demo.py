"""Train the class demo with several depths, seeds and CPU threads, and record the last errors.

    nice python -m scripts.class_demo --seeds 3

Runs that are recorded are skipped, so that it can be interrupted; a changed recipe starts anew.
``scripts.recordings`` writes the documentation's table from the recording.
"""

import argparse
import platform
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import torch

from resnet_viz import NetworkSpec, Pair, build
from resnet_viz.core.converter import encode
from resnet_viz.core.saving import library_versions, to_json, whole_file
from resnet_viz.datasets.load_dataset import load_dataset
from resnet_viz.records import Epoch
from resnet_viz.training.class_demo import DATA, FILE, DemoError, DemoRecording, recorded_demo
from resnet_viz.training.course import train
from resnet_viz.training.recipe import CLASS_DEMO


def main() -> None:
    """Train what is missing, and write the recording after every run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--depths", type=int, nargs="+", default=[20, 56])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="of each network")
    options = parser.parse_args()
    recording = _begun()
    for seed, threads, depth in product(range(options.seeds), options.threads, options.depths):
        done = {(row.seed, row.threads, row.depth) for row in recording.errors}
        if (seed, threads, depth) in done:
            continue
        errors = trained(depth, seed, threads)
        for row in errors:
            print(row, flush=True)
        recording = replace(
            recording,
            errors=(*recording.errors, *errors),
            recorded=datetime.now(UTC).date().isoformat(),
            processor=_processor(),
            versions=library_versions(),
        )
        FILE.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(FILE) as partial:
            partial.write_text(to_json(encode(recording)) + "\n", encoding="utf-8")


def trained(depth: int, seed: int, threads: int) -> list[DemoError]:
    """Train one pair with ``threads`` CPU threads for each network; return its last errors."""
    recipe = replace(CLASS_DEMO, seed=seed, threads=2 * threads)
    data = load_dataset(DATA)
    spec = data.fitted(NetworkSpec.preset(f"resnet{depth}"))
    twins: Pair[torch.nn.Module] = Pair(build(spec, seed=seed), build(spec.plain(), seed=seed))
    epochs = [record for record in train(twins, data, recipe) if isinstance(record, Epoch)]
    return [
        DemoError(depth, epoch.kind, seed, threads, epoch.train_error, epoch.test_error)
        for epoch in epochs[-2:]
    ]


def _begun() -> DemoRecording:
    """Return the recording so far, or an empty one if there is none of this recipe."""
    if FILE.is_file() and recorded_demo().recipe == CLASS_DEMO:
        return recorded_demo()
    return DemoRecording(recipe=CLASS_DEMO, versions=library_versions())


def _processor() -> str:
    """Return the processor's kind and the instructions that torch uses on it."""
    return f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"


if __name__ == "__main__":
    main()
