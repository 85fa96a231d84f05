"""Explain: what the CAM family and Score-CAM cost, as ratios within one process.

    python -m benchmarks.explain --rounds 15 --out benchmarks/results/explain.json

The CAM family: all nine maps at every block, relative to one Grad-CAM at every block. Score-CAM:
masked images per second, relative to plain forward passes on batches of the same size.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

from resnet_viz import NetworkRef, NetworkSpec, analyze, build, class_activation_maps, load
from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.explain.explain_image import explain
from resnet_viz.explain.score_image import score_image
from resnet_viz.pictures.samples import sample_batch

TARGET = 3


def seconds(run: Callable[[], object]) -> float:
    """Time of one call in seconds."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def ratio(first: Callable[[], object], second: Callable[[], object], rounds: int) -> dict:
    """Median seconds of both, in turn, and the median of their ratios."""
    first(), second()
    pairs = [(seconds(first), seconds(second)) for _ in range(rounds)]
    return {
        "first_ms": 1e3 * statistics.median(a for a, _ in pairs),
        "second_ms": 1e3 * statistics.median(b for _, b in pairs),
        "ratio": statistics.median(b / a for a, b in pairs),
    }


def family(name: str, rounds: int) -> dict:
    """All nine maps at all blocks over one Grad-CAM at all blocks; fresh weights where needed."""
    if name in bundled_names():
        network = load(NetworkRef.parse(name)).resnet
    else:
        network = build(NetworkSpec.preset(name), seed=0).eval()
    spec = network.spec
    side = (spec.input_channels, spec.input_size, spec.input_size)
    image = torch.randn(1, *side, generator=torch.Generator().manual_seed(0))
    image = image.contiguous(memory_format=torch.channels_last)
    blocks = spec.blocks()

    def whole() -> None:
        analysis = analyze(network, image, target=TARGET, layers=blocks, gradients=True)
        class_activation_maps(analysis)

    measured = ratio(lambda: analyze(network, image, target=TARGET, layers=blocks), whole, rounds)
    return {"network": name, "what": "CAM family over one Grad-CAM, all blocks", **measured}


def score_cam(name: str, layer: str, rounds: int) -> dict:
    """Plain forwards of as many images in equal batches over Score-CAM; 1: no time lost."""
    loaded = load(NetworkRef.parse(name, "bundled"))
    image = sample_batch(loaded.preprocessing)[:1]
    chunk = score_image(loaded.network, image, TARGET).batch_size
    channels = analyze(loaded.network, image, layers=[layer]).features[layer].shape[1]
    images = image.expand(channels, -1, -1, -1).contiguous(memory_format=torch.channels_last)

    def plain() -> None:
        with torch.no_grad():
            for start in range(0, channels, chunk):
                loaded.network(images[start : start + chunk])

    measured = ratio(
        lambda: explain(loaded.network, image, "score-cam", layer=layer, target=TARGET),
        plain,
        rounds,
    )
    what = f"plain forwards over Score-CAM at {layer}, {channels} channels in batches of {chunk}"
    return {"network": name, "what": what, **measured}


def main() -> None:
    """Measure, print, and write the file given by ``--out``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    threadpool_limits(options.threads)
    rows = [
        *(
            family(name, options.rounds)
            for name in ("resnet20", "resnet56", "resnet18", "resnet50")
        ),
        score_cam("resnet20", "layer3.2", options.rounds),
        score_cam("resnet56", "layer3.8", options.rounds),
    ]
    for row in rows:
        print(f"{row['network']:9} {row['ratio']:.2f}  {row['what']}")
    if options.out:
        machine = {
            "processor": platform.processor() or platform.machine(),
            "threads": options.threads,
            "torch": torch.__version__,
            "date": datetime.now(UTC).date().isoformat(),
        }
        options.out.write_text(json.dumps({"machine": machine, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
