"""Filling removed pixels from their neighbours, so that their shape reveals nothing.

Each removed pixel becomes the weighted mean of its eight neighbours (edges 1/6, corners 1/12),
solved for all removed pixels together: ROAD's imputation without its noise (Rong 2022, arXiv
2202.00449, sec. 4.3).
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import conv2d

_EDGE, _CORNER = 1 / 6, 1 / 12
_MOST_STEPS = 500
_TOLERANCE = 1e-5  # of the residual, relative to the known neighbours


def impute(
    image: Float[Tensor, "channel height width"], removed: Bool[Tensor, "masks height width"]
) -> Float[Tensor, "masks channel height width"]:
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

    start = image.mean((1, 2))[None, :, None, None] * missing
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
    return (a * b).sum((2, 3), keepdim=True)


def _neighbours(values: Tensor) -> Tensor:
    """The weighted sum of each pixel's neighbours inside the picture."""
    masks, channels, height, width = values.shape
    kernel = values.new_tensor(
        [[_CORNER, _EDGE, _CORNER], [_EDGE, 0, _EDGE], [_CORNER, _EDGE, _CORNER]]
    )
    flat = values.reshape(masks * channels, 1, height, width)
    return conv2d(flat, kernel[None, None], padding=1).reshape(values.shape)
