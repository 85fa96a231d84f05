"""Numerical checks of the formulas of residual learning on a network and a batch.

He et al. 2015 (arXiv 1512.03385), eq. 1; He et al. 2016 (arXiv 1603.05027), eq. 4 and 5.
"""

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor
from torch.nn.functional import cross_entropy

from resnet_viz.experiments.measures.formula_claims import check_claims
from resnet_viz.experiments.measures.formula_parts import bottleneck_formula, head_formula
from resnet_viz.experiments.measures.walked_twins import bypass
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.probe.capture import capture
from resnet_viz.probe.isolation import untouched
from resnet_viz.records import BlockFormula, BlockValues, Formulas


def check_formulas(
    network: ResNet,
    images: Float[Tensor, "batch channel height width"],
    labels: Int64[Tensor, " batch"],
) -> Formulas:
    """Check three formulas on every block of a residual network, and those of tutorials.

    1. y = F(x) + x, before the last activation.
    2. x_L = x_0 + sum F, with x zero-padded (option A) where the shape changes.
    3. dL/dx is the sum of the gradients through the shortcut and through the branch.

    L is the cross-entropy, summed over the batch. The network is left unchanged.

    Parameters
    ----------
    network
        A residual network.
    images
        A normalised batch.
    labels
        Classes of the images.

    Returns
    -------
    Formulas
        The largest absolute error of the first formula and the relative 2-norms of the errors of
        the others, for each block.

    """
    blocks = network.spec.blocks()
    parts = ("branch", "shortcut", "join")
    names = [*(f"{b}.{p}" for b in blocks for p in parts), *blocks, *network.stem, "avgpool"]
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        untouched(network, needs_gradients=True),
    ):
        captured = capture(network, images.detach().clone().requires_grad_(), names)
        assert isinstance(captured.output, Tensor)
        loss = cross_entropy(captured.output, labels, reduction="sum")
        values = captured.values
        telescope = x = values[network.stem[-1]]
        rows = []
        for block in network.blocks():
            branch, shortcut, join = (values[f"{block.name}.{part}"] for part in parts)
            telescope = bypass(block)(telescope) + branch.detach()
            rows.append(
                BlockFormula(
                    block=block.name,
                    sum_error=float((join - (branch + shortcut)).detach().abs().max()),
                    telescope_error=_relative_error(telescope, values[block.name]),
                    **_gradients(loss, x, branch, shortcut),
                )
            )
            x = values[block.name]
        claims, paths = check_claims(network, values, loss, len(images))
        head = head_formula(network, values["avgpool"], captured.output)
    return Formulas(
        spec=network.spec,
        head=head,
        bottleneck=bottleneck_formula(network.fc.in_features),
        blocks=tuple(rows),
        claims=claims,
        paths=paths,
    )


def block_values(
    network: ResNet,
    images: Float[Tensor, "batch channel height width"],
    labels: Int64[Tensor, " batch"],
    block: str,
    image: int,
) -> BlockValues:
    """Return the activations and gradients of one image in one block.

    The network is left unchanged.

    Parameters
    ----------
    network
        A residual network.
    images
        A normalised batch; it is passed through the network as a whole.
    labels
        Classes of the images.
    block
        Name of the block.
    image
        Index of the image in the batch.

    """
    blocks = list(network.blocks())
    place = [b.name for b in blocks].index(block)
    stage = blocks[place].plan.stage
    chain = [b.name for b in blocks[: place + 1] if b.plan.stage == stage]
    block_input = blocks[place - 1].name if place else network.stem[-1]
    names = [block_input, block, f"{block}.shortcut", f"{block}.join", f"{chain[0]}.shortcut"]
    names += [f"{name}{part}" for name in chain for part in ("", ".branch", ".join")]
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        untouched(network, needs_gradients=True),
    ):
        captured = capture(network, images.detach().clone().requires_grad_(), names)
        assert isinstance(captured.output, Tensor)
        loss = cross_entropy(captured.output, labels, reduction="sum")
        values = captured.values
        gradients = _parts(
            loss, values[block_input], values[f"{block}.branch"], values[f"{block}.shortcut"]
        )
    of_image = {name: _of_image(value, image) for name, value in values.items()}
    through_shortcut, through_branch, total = (_of_image(part, image) for part in gradients)
    return BlockValues(
        block=block,
        branch=of_image[f"{block}.branch"],
        shortcut=of_image[f"{block}.shortcut"],
        join=of_image[f"{block}.join"],
        output=of_image[block],
        activated=blocks[place].relu is not None,
        start=of_image[f"{chain[0]}.shortcut"],
        branches=np.stack([of_image[f"{name}.branch"] for name in chain]),
        chain=tuple(chain),
        cuts=np.stack([of_image[name] - of_image[f"{name}.join"] for name in chain]),
        identity_gradient=through_shortcut,
        branch_gradient=through_branch,
        gradient=total,
    )


def _of_image(value: Tensor, image: int) -> Float32[np.ndarray, "c h w"]:
    array: np.ndarray = value.detach()[image].numpy().copy()
    array.setflags(write=False)
    return array


def _gradients(loss: Tensor, x: Tensor, branch: Tensor, shortcut: Tensor) -> dict[str, float]:
    """Return the norms of both parts of dL/dx and the relative error of their sum."""
    through_shortcut, through_branch, total = _parts(loss, x, branch, shortcut)
    return {
        "identity_part": _norm(through_shortcut),
        "branch_part": _norm(through_branch),
        "gradient_error": _relative_error(through_shortcut + through_branch, total),
    }


def _parts(
    loss: Tensor, x: Tensor, branch: Tensor, shortcut: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return dL/dx through the shortcut alone, through the branch alone, and in total."""
    total, of_branch, of_shortcut = torch.autograd.grad(
        loss, [x, branch, shortcut], retain_graph=True
    )
    (through_branch,) = torch.autograd.grad(branch, x, of_branch, retain_graph=True)
    (through_shortcut,) = torch.autograd.grad(shortcut, x, of_shortcut, retain_graph=True)
    return through_shortcut, through_branch, total


def _relative_error(value: Tensor, expected: Tensor) -> float:
    return _norm(value - expected) / max(_norm(expected), 1e-300)


def _norm(value: Tensor) -> float:
    return float(torch.linalg.vector_norm(value.detach(), dtype=torch.float64))
