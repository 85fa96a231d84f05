"""The formulas of residual learning, checked on a network and a batch, with numbers.

He et al. 2015 (arXiv 1512.03385), eq. 1; He et al. 2016 (arXiv 1603.05027), eq. 4 and 5.
"""

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor
from torch.nn.functional import cross_entropy

from resnet_viz.experiments.measures.walked_twins import detour
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.probe.capture import capture
from resnet_viz.probe.isolation import untouched
from resnet_viz.records import BlockFormula, BlockValues, Formulas


def check_formulas(
    network: ResNet,
    images: Float[Tensor, "batch channel height width"],
    labels: Int64[Tensor, " batch"],
) -> Formulas:
    """Three formulas on every block of a residual network; nothing is left behind.

    1. y = F(x) + x, before the last activation.
    2. x_L = x_0 + sum F, where zero-padding (option A) brings x to each new shape.
    3. dL/dx = identity part + branch part, both by autograd.

    Errors are relative 2-norms, the first one the largest absolute difference.
    """
    blocks = network.spec.blocks()
    parts = ("branch", "shortcut", "join")
    names = [*(f"{b}.{p}" for b in blocks for p in parts), *blocks, *network.stem]
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        untouched(network, needs_gradients=True),
    ):
        captured = capture(network, images.detach().clone().requires_grad_(), names)
        assert isinstance(captured.output, Tensor)
        loss = cross_entropy(captured.output, labels, reduction="sum")
        values = captured.values
        running = x = values[network.stem[-1]]
        rows = []
        for block in network.blocks():
            branch, shortcut, join = (values[f"{block.name}.{part}"] for part in parts)
            running = detour(block)(running) + branch.detach()
            rows.append(
                BlockFormula(
                    block=block.name,
                    sum_error=float((join - (branch + shortcut)).detach().abs().max()),
                    telescope_error=_relative(running, values[block.name]),
                    **_gradients(loss, x, branch, shortcut),
                )
            )
            x = values[block.name]
    return Formulas(network.spec, tuple(rows))


def block_values(
    network: ResNet,
    images: Float[Tensor, "batch channel height width"],
    labels: Int64[Tensor, " batch"],
    block: str,
    image: int,
) -> BlockValues:
    """What stands in one block when the batch is shown, for one of its images; no trace."""
    blocks = list(network.blocks())
    place = [one.name for one in blocks].index(block)
    stage = blocks[place].plan.stage
    chain = [one.name for one in blocks[: place + 1] if one.plan.stage == stage]
    enters = blocks[place - 1].name if place else network.stem[-1]
    names = [enters, block, f"{block}.shortcut", f"{block}.join", f"{chain[0]}.shortcut"]
    names += [f"{name}.branch" for name in chain]
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        untouched(network, needs_gradients=True),
    ):
        captured = capture(network, images.detach().clone().requires_grad_(), names)
        assert isinstance(captured.output, Tensor)
        loss = cross_entropy(captured.output, labels, reduction="sum")
        values = captured.values
        parts = _parts(loss, values[enters], values[f"{block}.branch"], values[f"{block}.shortcut"])
    found = {name: _of_image(value, image) for name, value in values.items()}
    around, through, total = (_of_image(part, image) for part in parts)
    return BlockValues(
        block=block,
        branch=found[f"{block}.branch"],
        shortcut=found[f"{block}.shortcut"],
        join=found[f"{block}.join"],
        output=found[block],
        activated=blocks[place].relu is not None,
        start=found[f"{chain[0]}.shortcut"],
        branches=np.stack([found[f"{name}.branch"] for name in chain]),
        identity_gradient=around,
        branch_gradient=through,
        gradient=total,
    )


def _of_image(value: Tensor, image: int) -> Float32[np.ndarray, "c h w"]:
    array: np.ndarray = value.detach()[image].numpy().copy()
    array.setflags(write=False)
    return array


def _gradients(loss: Tensor, x: Tensor, branch: Tensor, shortcut: Tensor) -> dict[str, float]:
    """The sizes of the two parts of dL/dx and how far their sum is from the whole."""
    around, through_branch, total = _parts(loss, x, branch, shortcut)
    return {
        "identity_part": _size(around),
        "branch_part": _size(through_branch),
        "gradient_error": _relative(around + through_branch, total),
    }


def _parts(
    loss: Tensor, x: Tensor, branch: Tensor, shortcut: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """dL/dx through the shortcut alone, through the branch alone, and whole; each by autograd."""
    total, of_branch, of_shortcut = torch.autograd.grad(
        loss, [x, branch, shortcut], retain_graph=True
    )
    (through_branch,) = torch.autograd.grad(branch, x, of_branch, retain_graph=True)
    (around,) = torch.autograd.grad(shortcut, x, of_shortcut, retain_graph=True)
    return around, through_branch, total


def _relative(found: Tensor, expected: Tensor) -> float:
    return _size(found - expected) / max(_size(expected), 1e-300)


def _size(value: Tensor) -> float:
    return float(torch.linalg.vector_norm(value.detach(), dtype=torch.float64))
