"""Batch normalisation with statistics that were never measured, lost, and measured anew."""

from copy import deepcopy

import torch
from torch import nn

from resnet_viz.checkpoints.running_statistics import set_statistics
from resnet_viz.experiments.measures.batches import Images, labelled_batch, photographs
from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.spread import exact, resampled
from resnet_viz.experiments.measures.walked_twins import trained_twins
from resnet_viz.networks.resnet.model import ResNet, build
from resnet_viz.pictures.samples import sample_batch
from resnet_viz.probe.capture import capture
from resnet_viz.records import Finding, Mark, Panel
from resnet_viz.spec import Kind, NetworkSpec

_DEPTH, _IMAGES = 20, 200


def measure() -> Finding:
    """Measure an untrained network in both modes, and a trained one without its statistics."""
    numbers: dict[str, float] = {}
    fresh = build(NetworkSpec.preset(f"resnet{_DEPTH}"), seed=0)
    for mode, network in (("eval", deepcopy(fresh).eval()), ("train", fresh.train())):
        numbers |= exact(f"{mode}_change", _change(network))
    loaded = trained_twins(_DEPTH).first
    data = labelled_batch(Images.CIFAR10, _IMAGES, loaded.preprocessing)
    reset = deepcopy(loaded.network)
    for module in reset.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
    measured = deepcopy(reset)
    set_statistics(measured, sample_batch(loaded.preprocessing))
    shares = {}
    with torch.no_grad():
        for name, network in (("healthy", loaded.network), ("reset", reset), ("anew", measured)):
            right = [float(one) for one in network(data.images).argmax(1) == data.labels]
            shares[name] = sum(right) / len(right)
            numbers |= resampled(name, lambda v: 100 * float(v.mean()), right)
    numbers |= exact("photographs", len(sample_batch(loaded.preprocessing)))
    bars = curve("residual", range(len(shares)), shares.values(), list(shares), Kind.RESIDUAL)
    panel = Panel("accuracy", "statistics", "accuracy", (bars,), mark=Mark.BARS)
    return Finding("idle-norms", {"depth": _DEPTH, "images": _IMAGES}, 1.0, (panel,), numbers)


def _change(network: ResNet) -> float:
    """Return the largest ||BN(v) - v|| / ||v|| of the normalisations in the blocks, in percent."""
    images, _ = photographs()
    pairs = [(f"{b}.conv{n}", f"{b}.bn{n}") for b in network.spec.blocks() for n in (1, 2)]
    with torch.no_grad():
        values = capture(network, images, [name for pair in pairs for name in pair]).values
    changes = [(values[norm] - values[conv]).norm() / values[conv].norm() for conv, norm in pairs]
    return 100 * float(max(changes))
