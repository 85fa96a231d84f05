"""Record the curves of a bundled pair, and repeat the first steps of its training.

    python -m scripts.replay resnet20 --steps 391

Recipe, data and seed determine every step, so the first ones can be measured afterwards. A whole
repeated epoch is compared with the one that was recorded during the original training.
"""

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import torch

from resnet_viz import NetworkSpec, Pair, build
from resnet_viz.checkpoints.load import load_two
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.core.converter import decode
from resnet_viz.core.saving import SCHEMA_VERSION, library_versions, to_json
from resnet_viz.datasets.load_dataset import load_dataset
from resnet_viz.records import TWINS, Epoch, TrainingStep
from resnet_viz.training.course import Course
from resnet_viz.training.recipe import Recipe
from resnet_viz.training.run_files import RECORDED_STEPS

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Repeat, compare, write ``assets/recordings/NAME.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", help="the residual network of a bundled pair")
    parser.add_argument("--steps", type=int, default=101)
    options = parser.parse_args()
    torch.set_num_threads(2)  # one per network, as in the original training
    spec = NetworkSpec.preset(options.network)
    loaded = load_two(NetworkRef.parse(options.network, "bundled"))
    training = loaded.first.training["training"]
    if "before" in training:
        raise SystemExit("A pair trained in two parts is not repeated here.")
    curves = {role.value: one.training["curve"] for role, one in TWINS.join(loaded)}
    recipe = decode(Recipe, training["recipe"])
    twins = Pair(spec, spec.plain()).map(lambda s: build(s, seed=recipe.seed))
    course = Course.of(twins, load_dataset(training["data"]), recipe, every=10**9)
    steps: list[TrainingStep] = []
    for record in course.run():
        if isinstance(record, TrainingStep) and record.step in RECORDED_STEPS:
            steps.append(record)
        if isinstance(record, Epoch):
            recorded = curves[record.kind][0]["train_loss"]
            print(record.kind, "first epoch:", record.train_loss, "recorded:", recorded)
        if (course.epoch, course.step) >= (options.steps // course.steps,
                                           options.steps % course.steps) and len(
            course.curve
        ) in (0, 2):  # fmt: skip
            break
    document = {
        "schema_version": SCHEMA_VERSION,
        "training": training,
        "steps_per_epoch": course.steps,
        "steps_repeated": datetime.now(UTC).date().isoformat(),
        "versions": library_versions(),
        "specs": {role.value: one.network.spec.to_dict() for role, one in TWINS.join(loaded)},
        "curves": curves,
        "steps": [asdict(step) for step in steps],
    }
    path = ROOT / "assets" / "recordings" / f"{options.network}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(to_json(document, indent=None) + "\n", encoding="utf-8")
    print(path, len(json.dumps(document)))


if __name__ == "__main__":
    main()
