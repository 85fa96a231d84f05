"""Training against a bare loop on the same data: images per second, as a share of that floor.

    python -m benchmarks.training --out benchmarks/results/training.json

The floor is a bare loop: the same network, batches, augmentation and optimiser, and nothing
measured, recorded or yielded. On CUDA it is one captured graph of a step, replayed. With
``--precision bf16`` the same loop in float32 is measured too.
Rounds of both alternate, because machines are noisy; the share is the median of the rounds' ratios.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import torch

from resnet_viz import NetworkSpec, build
from resnet_viz.datasets.dataset import Dataset, ImageSet
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING, normalise
from resnet_viz.training.augment import augmented, image_changes, pad
from resnet_viz.training.captured_step import engine_for
from resnet_viz.training.course import Course
from resnet_viz.training.recipe import Precision, Recipe

#: Name of the ratio of a loop's time to that of this library's.
_RATIOS = {"floor": "share_of_floor", "fp32": "times_as_fast_as_fp32"}


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", default="resnet20")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    recipe = Recipe(epochs=10_000, learning_rate=0.1, precision=Precision(options.precision))
    spec, data = NetworkSpec.preset(options.network), noise()
    floor = captured if options.device == "cuda" else bare
    loops = {
        "ours": Ours(spec, data, recipe, options.device).steps,
        "floor": floor(spec, data, recipe, options.device),
    }
    if recipe.precision is Precision.BF16:
        full = replace(recipe, precision=Precision.FP32)
        loops["fp32"] = Ours(spec, data, full, options.device).steps
    rounds = []
    for _ in range(options.rounds + 1):
        rounds.append({name: timed(loop, options.steps, options.device)
                       for name, loop in loops.items()})  # fmt: skip
    rounds = rounds[1:]  # the first round warms up
    ours_taken = statistics.median(one["ours"] for one in rounds)
    result = {
        "network": options.network,
        "device": torch.cuda.get_device_name() if options.device == "cuda" else "cpu",
        "precision": options.precision,
        "threads": options.threads,
        "rounds": options.rounds,
        "images_per_second": round(options.steps * recipe.batch_size / ours_taken, 1),
        **{
            _RATIOS[name]: round(statistics.median(o[name] / o["ours"] for o in rounds), 3)
            for name in loops
            if name != "ours"
        },
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "processor": platform.processor() or platform.machine(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    print(json.dumps(result, indent=2))
    if options.out:
        options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def noise(images: int = 10_000) -> Dataset:
    """Random images, enough to make an epoch longer than a round."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (images, 3, 32, 32), generator=generator, dtype=torch.uint8)
    labels = torch.randint(0, 10, (images,), generator=generator)
    both = ImageSet(pixels, labels)
    classes = tuple(str(number) for number in range(10))
    return Dataset("noise", classes, CIFAR_PREPROCESSING, both, both.at(torch.arange(500)))


class Ours:
    """The training loop of this library, step by step."""

    def __init__(self, spec: NetworkSpec, data: Dataset, recipe: Recipe, device: str) -> None:
        self.course = Course.of(build(spec, seed=0).to(device), data, recipe, every=50)
        self.records = self.course.run()

    def steps(self, count: int) -> None:
        """Run ``count`` steps, with all measurements between them."""
        place = self.course.epoch * self.course.steps + self.course.step
        while self.course.epoch * self.course.steps + self.course.step < place + count:
            next(self.records)


def prepared(
    spec: NetworkSpec, data: Dataset, recipe: Recipe, device: str
) -> tuple[torch.nn.Module, torch.optim.Optimizer, Callable[[], tuple[torch.Tensor, torch.Tensor]]]:
    """Network, optimiser, and a function that makes the next batch."""
    network = build(spec, seed=0).to(device).to(memory_format=torch.channels_last).train()
    rule = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    changes = image_changes(recipe, data)
    padded = pad(data.train.images, data.preprocessing.mean, changes.shift).to(device)
    labels = data.train.labels.to(device)
    generator = torch.Generator().manual_seed(0)

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        chosen = torch.randint(0, len(labels), (recipe.batch_size,), generator=generator)
        chosen = chosen.to(device)
        pixels = augmented(padded, chosen, changes, generator)
        return normalise(pixels, data.preprocessing), labels[chosen]

    return network, rule, batch


def bare(spec: NetworkSpec, data: Dataset, recipe: Recipe, device: str) -> Callable[[int], None]:
    """Return a function that runs steps of a bare training loop."""
    network, rule, batch = prepared(spec, data, recipe, device)

    def steps(count: int) -> None:
        for _ in range(count):
            images, labels = batch()
            with torch.autocast(device, torch.bfloat16, enabled=recipe.precision is Precision.BF16):
                loss = torch.nn.functional.cross_entropy(network(images), labels)
            rule.zero_grad(set_to_none=True)
            loss.backward()
            rule.step()

    return steps


def captured(
    spec: NetworkSpec, data: Dataset, recipe: Recipe, device: str
) -> Callable[[int], None]:
    """One step as a CUDA graph on a fixed batch, replayed: no launch costs, no new data."""
    network, rule, batch = prepared(spec, data, recipe, device)
    images, labels = batch()

    def step() -> None:
        with torch.autocast(device, torch.bfloat16, enabled=recipe.precision is Precision.BF16):
            loss = torch.nn.functional.cross_entropy(network(images), labels)
        rule.zero_grad(set_to_none=True)
        loss.backward()
        rule.step()

    replay = engine_for(torch.device(device)).repeatable(step, list(network.state_dict().values()))

    def steps(count: int) -> None:
        for _ in range(count):
            replay()

    return steps


def timed(steps: Callable[[int], None], count: int, device: str) -> float:
    """Time of ``count`` steps in seconds."""
    if device == "cuda":
        torch.cuda.synchronize()
    started = time.perf_counter()
    steps(count)
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
