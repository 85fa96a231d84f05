"""Filling removed pixels from their neighbours, so that their shape reveals nothing.

Each removed pixel becomes the weighted mean of its eight neighbours (edges 1/6, corners 1/12),
solved for all removed pixels together: ROAD's imputation without its noise (Rong 2022, arXiv
2202.00449, sec. 4.3). Along one axis or three a neighbour weighs in proportion to 1 / the number of
axes in which it differs.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import conv1d, conv2d, conv3d

_MOST_STEPS = 500
_TOLERANCE = 1e-5  # of the residual, relative to the known neighbours


def impute(
    image: Float[Tensor, "channel ..."], removed: Bool[Tensor, "masks ..."]
) -> Float[Tensor, "masks channel *sides"]:
    """The image with the pixels of each mask filled in.

    Conjugate gradients run on all masks together. An image of which everything is removed becomes
    its own mean.
    """
    missing = removed[:, None].to(image)
    known = image * (1 - missing)
    reach = _neighbours(torch.ones_like(missing))  # less than 1 at the picture's border
    right = _neighbours(known) * missing

    def system(x: Tensor) -> Tensor:
        return (reach * x - _neighbours(x)) * missing

    start = image.mean(tuple(range(1, image.ndim)), keepdim=True)[None] * missing
    filled = _conjugate_gradients(system, right, start)
    return known + filled


def _conjugate_gradients(
    system: Callable[[Tensor], Tensor], right: Tensor, start: Tensor
) -> Tensor:
    solution, residual = start, right - system(start)
    direction, length = residual, _dot(residual, residual)
    enough = _TOLERANCE**2 * (_dot(right, right) + _dot(start, start))
    for _ in range(_MOST_STEPS):
        if bool((length <= enough).all()):
            break
        image = system(direction)
        step = length / _dot(direction, image).clamp(min=1e-30)
        solution, residual = solution + step * direction, residual - step * image
        before, length = length, _dot(residual, residual)
        direction = residual + length / before.clamp(min=1e-30) * direction
    return solution


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """One product per mask and channel."""
    return (a * b).sum(tuple(range(2, a.ndim)), keepdim=True)


def _neighbours(values: Tensor) -> Tensor:
    """The weighted sum of each pixel's neighbours inside the picture."""
    axes = values.ndim - 2
    kernel = _kernel(axes).to(values)
    flat = values.reshape(values.shape[0] * values.shape[1], 1, *values.shape[2:])
    convolve = (conv1d, conv2d, conv3d)[axes - 1]
    return convolve(flat, kernel[None, None], padding=1).reshape(values.shape)


def _kernel(axes: int) -> Tensor:
    """The weights of the neighbours, 3 along each axis; they add up to 1."""
    away = torch.stack(torch.meshgrid(*[torch.tensor([1.0, 0.0, 1.0])] * axes, indexing="ij")).sum(
        0
    )
    weights = torch.where(away > 0, 1 / away.clamp(min=1), 0.0)
    return weights / weights.sum()
