"""Three blocks appended to trained twins: as zeros, as identity convolutions, untrained."""

from dataclasses import replace
from enum import StrEnum

import torch
from torch import Tensor, nn

from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.experiments.measures.batches import Images, LabelledBatch, labelled_batch
from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.spread import exact, resampled
from resnet_viz.experiments.measures.walked_twins import trained_twins
from resnet_viz.networks.resnet.model import ResNet, build
from resnet_viz.records import TWINS, Finding, Mark, Panel, Role

_DEPTH, _IMAGES, _APPENDED = 20, 200, 3
_BEFORE = "before"


class Appended(StrEnum):
    """How the new blocks start."""

    ZERO = "zero"  # the last normalisation of the branch multiplies by 0
    IDENTITY = "identity"  # each convolution copies its input, each normalisation changes nothing
    RANDOM = "random"


def with_blocks(network: ResNet, appended: Appended, count: int = _APPENDED) -> ResNet:
    """Return a copy of a trained network with ``count`` more blocks at its end, in eval mode."""
    *others, last = network.spec.depths
    deeper = build(replace(network.spec, depths=(*others, last + count)), seed=0)
    state = deeper.state_dict() | network.state_dict()
    deeper.load_state_dict(state)
    names = set(network.spec.blocks())
    with torch.no_grad():
        for block in deeper.blocks():
            if block.name in names:
                continue
            for module in block.modules():
                _start(module, appended)
            if appended is Appended.ZERO:
                last_norm = [m for m in block.modules() if isinstance(m, nn.BatchNorm2d)][-1]
                last_norm.weight.zero_()
    return deeper.eval()


def _start(module: nn.Module, appended: Appended) -> None:
    if appended is not Appended.IDENTITY:
        return
    if isinstance(module, nn.Conv2d):
        nn.init.dirac_(module.weight)
    elif isinstance(module, nn.BatchNorm2d):
        module.weight.fill_((1 + module.eps) ** 0.5)  # running variance 1


def measure() -> Finding:
    """Measure how the answers of trained twins change when blocks are appended."""
    numbers: dict[str, float] = {}
    curves = []
    for role, loaded in TWINS.join(trained_twins(_DEPTH)):
        data = labelled_batch(Images.CIFAR10, _IMAGES, loaded.preprocessing)
        shares = _of_network(role, loaded, data, numbers)
        curves.append(curve(role.value, range(len(shares)), shares.values(), list(shares)))
    panel = Panel("accuracy", "appended", "accuracy", tuple(curves), mark=Mark.BARS)
    settings = {"depth": _DEPTH, "images": _IMAGES, "blocks": _APPENDED}
    return Finding("append-blocks", settings, 1.0, (panel,), numbers)


def _of_network(
    role: Role, loaded: LoadedNetwork, data: LabelledBatch, numbers: dict[str, float]
) -> dict[str, float]:
    """Add the numbers of one network; return its accuracies by how the blocks start."""
    with torch.no_grad():
        before = loaded.network(data.images)
        right = _right(before, data)
        numbers |= resampled(f"{role}_{_BEFORE}", lambda v: 100 * float(v.mean()), right)
        numbers |= exact(f"{role}_largest_logit", float(before.abs().max()))
        shares = {_BEFORE: sum(right) / len(right)}
        for appended in Appended:
            after = with_blocks(loaded.network, appended)(data.images)
            now = _right(after, data)
            name = f"{role}_{appended}"
            shares[appended.value] = sum(now) / len(now)
            numbers |= exact(f"{name}_change", float((after - before).abs().max()))
            numbers |= exact(f"{name}_answers", float(len(after.argmax(1).unique())))
            numbers |= resampled(
                f"{name}_loss", lambda v: 100 * float(v[0].mean() - v[1].mean()), right, now
            )
            numbers |= resampled(f"{name}_accuracy", lambda v: 100 * float(v.mean()), now)
    return shares


def _right(logits: Tensor, data: LabelledBatch) -> list[float]:
    return [float(one) for one in logits.argmax(1) == data.labels]
