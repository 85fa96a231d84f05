"""Grad-CAM at every block: this library and others, on one image, in one process.

    python -m benchmarks.analysis --rounds 15 --threads 1 2 --out benchmarks/results/analysis.json

Each round runs every approach once, in turn, so that a busy machine slows all of them alike. The
floor is a bare forward pass and one ``autograd.grad`` over all block outputs; every other
approach does at least that much. Peers come from ``benchmarks/requirements.txt``; one that is not
installed is left out. With ``--device cuda`` everything runs on a GPU, and each time is the one
between two events on it.
"""

import argparse
import importlib.metadata
import json
import platform
import statistics
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from itertools import product
from pathlib import Path

import torch
from torch import Tensor, nn

from resnet_viz import NetworkSpec, ResNet, analyze, build

CASES = (("resnet18", 224), ("resnet50", 224), ("resnet56", 32))
TARGET = 3
PACKAGES = ("torch", "torchvision", "numpy", "torchcam", "captum", "grad-cam")


def forward(network: ResNet, image: Tensor, _blocks: list[str]) -> None:
    """The forward pass alone."""
    with torch.no_grad():
        network(image)


def floor(network: ResNet, image: Tensor, blocks: list[str]) -> None:
    """The minimum that computes features and gradients at every block."""
    wanted, outputs = set(blocks), []

    def keep(name: str, value: Tensor) -> Tensor:
        if name in wanted:
            outputs.append(value)
        return value

    logits = network(image.clone().requires_grad_(), keep)
    torch.autograd.grad(logits[:, TARGET].sum(), outputs)


def ours(network: ResNet, image: Tensor, blocks: list[str]) -> None:
    """Features, maps and activation-gradient norms of every block."""
    analyze(network, image, target=TARGET, layers=blocks)


def ours_everything(network: ResNet, image: Tensor, _blocks: list[str]) -> None:
    """Every convolution, block and the head, and all parameter gradients too."""
    analyze(network, image, target=TARGET, parameters=True)


def torch_cam(network: ResNet, image: Tensor, blocks: list[str]) -> None:
    """Maps of all blocks from one pass."""
    from torchcam.methods import GradCAM

    with GradCAM(network, target_layer=blocks) as method:
        method(TARGET, network(image.clone().requires_grad_()))


def captum(network: ResNet, image: Tensor, blocks: list[str]) -> None:
    """One forward and backward pass per block."""
    from captum.attr import LayerGradCam

    for block in blocks:
        LayerGradCam(network, network.get_submodule(block)).attribute(
            image, target=TARGET, relu_attributions=True
        )


def grad_cam(network: ResNet, image: Tensor, blocks: list[str]) -> None:
    """One forward and backward pass per block; a list of blocks would be averaged into one map."""
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    for block in blocks:
        with GradCAM(model=network, target_layers=[network.get_submodule(block)]) as method:
            method(input_tensor=image, targets=[ClassifierOutputTarget(TARGET)])


APPROACHES: dict[str, Callable[[ResNet, Tensor, list[str]], None]] = {
    "floor": floor,
    "forward alone": forward,
    "resnet_viz": ours,
    "resnet_viz, all layers and parameters": ours_everything,
    "torch-cam": torch_cam,
    "captum": captum,
    "pytorch-grad-cam": grad_cam,
}


def milliseconds(run: Callable[[], None], device: torch.device) -> float:
    """Time of one call; on CUDA, from the start of its first kernel to the end of its last."""
    if device.type == "cuda":
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        first.record()
        run()
        last.record()
        last.synchronize()
        return first.elapsed_time(last)
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1000


def measure(name: str, size: int, rounds: int, device: torch.device) -> list[dict[str, object]]:
    """One row per approach: its median, quartiles and ratio to the floor."""
    spec = NetworkSpec.preset(name)
    network = build(spec, seed=0).eval().to(device)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_var.fill_(2.0)  # so that nothing overflows without training
    image = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0)).to(device)
    times: dict[str, list[float]] = {}
    for label, approach in APPROACHES.items():  # warm up, and find which libraries are installed
        try:
            approach(network, image, spec.blocks())
            times[label] = []
        except ImportError as error:
            print(f"{label} is left out: {error}")
    for _ in range(rounds):
        for label, taken in times.items():
            run = partial(APPROACHES[label], network, image, spec.blocks())
            taken.append(milliseconds(run, device))
    return [row(name, size, label, taken, times["floor"]) for label, taken in times.items()]


def row(
    name: str, size: int, label: str, taken: list[float], floors: list[float]
) -> dict[str, object]:
    """A table's row; times in milliseconds, and the median ratio to the floor of the same round."""
    low, median, high = statistics.quantiles(taken, n=4) if len(taken) > 1 else taken * 3
    return {
        "network": name,
        "size": size,
        "approach": label,
        "median_ms": round(median, 2),
        "quartiles_ms": [round(low, 2), round(high, 2)],
        "threads": torch.get_num_threads(),
        "times_the_floor": round(
            statistics.median(own / floor for own, floor in zip(taken, floors, strict=True)), 2
        ),
    }


def machine(device: torch.device) -> dict[str, object]:
    """The machine that the measurements ran on."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "processor": processor(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "cores": torch.multiprocessing.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": versions,
        "date": datetime.now(UTC).date().isoformat(),
    }


def processor() -> str:
    """The processor's model name, if the system reports it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def main() -> None:
    """Measure, print the table, write the file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="times each approach runs")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="threads of torch")
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--out", type=Path, help="a JSON file for the result")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # captum warns about each of its hooks
    rows = []
    print(f"{'network':10} {'threads':>7} {'approach':40} {'median ms':>10} {'x floor':>8}")
    for threads, (name, size) in product(options.threads, CASES):
        torch.set_num_threads(threads)
        for measured in measure(name, size, options.rounds, options.device):
            rows.append(measured)
            print(
                f"{measured['network']:10} {threads:7} {measured['approach']:40} "
                f"{measured['median_ms']:10.2f} {measured['times_the_floor']:8.2f}"
            )
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        content = {"machine": machine(options.device), "rounds": options.rounds, "rows": rows}
        options.out.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
