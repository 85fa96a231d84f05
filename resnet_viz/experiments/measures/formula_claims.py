"""The formulas of tutorials beside the right ones, both computed on a network by autograd.

Every number is a relative 2-norm, ||formula - measured|| / ||measured||, for one block: 0 where a
formula is exact, 1 where it misses by as much as there is. Blocks that change the shape are left
out, because most of these formulas have no meaning there.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from resnet_viz.networks.resnet.blocks import ResidualBlock
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.records import Claim, ClaimCheck, Paths, Span

_PENALTY = 5e-4  # L2, of the recipe of the bundled twins


@dataclass(frozen=True, eq=False)
class _Block:
    """The values of a block that keeps the shape, and the gradients of L at them."""

    module: ResidualBlock
    x: Tensor  # its input
    branch: Tensor  # F(x)
    shortcut: Tensor
    join: Tensor  # F(x) + x
    output: Tensor

    def run_branch(self, x: Tensor) -> Tensor:
        """Return F of another value."""
        for part in self.module.branch_parts:
            x = self.module.get_submodule(part)(x)
        return x

    def backward(self, branch: Tensor, shortcut: Tensor) -> Tensor:
        """Return what gradients at both parts are at x."""
        return _vjp(self.branch, self.x, branch) + _vjp(self.shortcut, self.x, shortcut)


def check_claims(
    network: ResNet, values: Mapping[str, Tensor], loss: Tensor, images: int
) -> tuple[tuple[ClaimCheck, ...], Paths | None]:
    """Check the formulas of tutorials on every block that keeps the shape.

    Parameters
    ----------
    network
        A residual network.
    values
        What ``capture`` kept of a forward pass with gradients: the parts of every block.
    loss
        The cross-entropy, summed over the images.
    images
        Number of images.

    Returns
    -------
    tuple
        The checks, and the gradient through the four paths of the first two such blocks in a row;
        None if there are none.

    """
    blocks = list(_blocks(network, values))
    if not blocks:
        return (), None
    rows = {claim: list[tuple[float, float]]() for claim in Claim}
    for block in blocks:
        for claim, right, wrong in _of_block(block, loss, images):
            rows[claim].append((right, wrong))
    neighbours = [(one, two) for one, two in pairwise(blocks) if two.x is one.output]
    rows[Claim.TWO_BLOCKS] = [_two_blocks(*both) for both in neighbours]
    checks = [ClaimCheck(claim, Span.of([right for right, _ in both]),
                         Span.of([wrong for _, wrong in both]))
              for claim, both in rows.items() if both]  # fmt: skip
    return tuple(checks), _paths(*neighbours[0], loss) if neighbours else None


def _blocks(network: ResNet, values: Mapping[str, Tensor]) -> Iterator[_Block]:
    x = values[network.stem[-1]]
    for module in network.blocks():
        branch, shortcut, join = (
            values[f"{module.name}.{part}"] for part in ("branch", "shortcut", "join")
        )
        block = _Block(module, x, branch, shortcut, join, values[module.name])
        if module.plan.keeps_shape:
            yield block
        x = block.output


def _of_block(block: _Block, loss: Tensor, images: int) -> Iterator[tuple[Claim, float, float]]:
    """Yield each claim with the error of the right formula and of the tutorial's."""
    weight = _last_weight(block)
    at_x, at_branch, at_shortcut, at_join, at_output, at_weight = torch.autograd.grad(
        loss,
        [block.x, block.branch, block.shortcut, block.join, block.output, weight],
        retain_graph=True,
    )
    x, y = block.x.detach(), block.join.detach()
    with torch.no_grad():
        summed = _error(block.branch + block.shortcut, y)
        yield Claim.HIDDEN, _error(y - block.shortcut, block.branch), _error(block.branch, y)
        yield Claim.CONFUSED, summed, _error(x + block.run_branch(block.output), y)
        yield Claim.TAYLOR, _error(_without_branch(block)(x), x), _error(torch.zeros_like(x), x)
        penalty = 2 * _PENALTY * weight.detach()
        yield Claim.PENALTY, 0.0, _norm(penalty) / max(_norm(at_weight / images), 1e-300)
    right = block.backward(at_branch, at_shortcut)
    yield Claim.GRADIENT, _error(right, at_x), _error(block.backward(at_output, at_output), at_x)
    yield Claim.DOUBLE, _error(right, at_x), _error(at_x + at_output, at_x)
    yield (
        Claim.WEIGHTS,
        _error(_vjp(block.branch, weight, at_join), at_weight),
        _error(_vjp(block.branch, weight, at_output), at_weight),
    )


def _without_branch(block: _Block) -> ResidualBlock:
    """Return a copy of the block whose branch has zero weights."""
    copy = deepcopy(block.module)
    for part in copy.branch_parts:
        for parameter in copy.get_submodule(part).parameters():
            parameter.zero_()
    return copy


def _last_weight(block: _Block) -> Tensor:
    """Return the weights of the branch's last convolution."""
    parts = [block.module.get_submodule(part) for part in block.module.branch_parts]
    weights: Sequence[Tensor] = [p for part in parts for p in part.parameters() if p.ndim == 4]
    return weights[-1]


@torch.no_grad()
def _two_blocks(one: _Block, two: _Block) -> tuple[float, float]:
    """Return the errors of x1 + F2(x1) and of the tutorial's x + F1(x) + F2(x + F1(x)), for y2."""
    right = two.shortcut + two.branch
    written = one.join + two.run_branch(one.join)
    return _error(right, two.join), _error(written, two.join)


def _paths(one: _Block, two: _Block, loss: Tensor) -> Paths:
    """Return the norms of dL/dx through each of the four ways around or through two blocks."""
    total, at_join = torch.autograd.grad(loss, [one.x, two.join], retain_graph=True)
    ways = []
    for second in (two.shortcut, two.branch):
        at_output = _vjp(second, two.x, at_join)
        at_first = (
            _vjp(one.output, one.join, at_output) if one.output is not one.join else at_output
        )
        ways += [_vjp(first, one.x, at_first) for first in (one.shortcut, one.branch)]
    around, first, second_alone, both = (_norm(way) for way in ways)
    return Paths(
        first=one.module.name,
        second=two.module.name,
        around=around,
        through_first=first,
        through_second=second_alone,
        through_both=both,
        error=_error(torch.stack(ways).sum(0), total),
    )


def _vjp(value: Tensor, at: Tensor, gradient: Tensor) -> Tensor:
    (found,) = torch.autograd.grad(value, at, gradient, retain_graph=True)
    return found


def _error(value: Tensor, expected: Tensor) -> float:
    return _norm(value - expected) / max(_norm(expected), 1e-300)


def _norm(value: Tensor) -> float:
    return float(torch.linalg.vector_norm(value.detach(), dtype=torch.float64))
