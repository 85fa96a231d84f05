"""Time to build resnet50: this library and torchvision's constructor, alternating.

    python -m benchmarks.building --rounds 15 --out benchmarks/results/building.json

Both draw every first weight. Ours come from the layer's name and a seed, and the random state of
the process stays as it was; torchvision's come from that random state.
"""

import argparse
import json
import statistics
from collections.abc import Callable
from pathlib import Path

import torch
from torchvision.models import resnet50

from benchmarks.analysis import machine, milliseconds
from resnet_viz import NetworkSpec, build

MOST = 1.3  # times torchvision


def ours() -> None:
    """Build a network with initial weights from its spec."""
    build(NetworkSpec.preset("resnet50"), seed=0)


def torchvisions() -> None:
    """Build torchvision's network, which has the same keys and shapes."""
    resnet50()


def measure(rounds: int) -> dict[str, float]:
    """Medians in milliseconds, and ours as a multiple of torchvision's."""
    approaches: dict[str, Callable[[], None]] = {"ours": ours, "torchvisions": torchvisions}
    times: dict[str, list[float]] = {name: [] for name in approaches}
    for approach in approaches.values():
        approach()  # warm up
    for _ in range(rounds):
        for name, approach in approaches.items():
            times[name].append(milliseconds(approach))
    medians = {f"{name}_ms": round(statistics.median(taken), 1) for name, taken in times.items()}
    return {
        **medians,
        "times_torchvision": round(medians["ours_ms"] / medians["torchvisions_ms"], 3),
    }


def main() -> None:
    """Measure, print, write the file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="times each builds it")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    parser.add_argument("--out", type=Path, help="a JSON file for the result")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    result = {"network": "resnet50", "rounds": options.rounds, **measure(options.rounds)}
    print(json.dumps(result, indent=2))
    if options.out:
        content = {"machine": machine(), **result}
        options.out.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
