"""Pictures without some of their pixels: filled from their neighbours, or blurred as a whole.

So the shape of what is removed reveals nothing. Each removed pixel becomes the weighted mean of its
eight neighbours (edges 1/6, corners 1/12), solved for all removed pixels together: ROAD's
imputation without its noise (Rong 2022, arXiv 2202.00449, sec. 4.3). Along one axis or three a
neighbour weighs in proportion to 1 / the number of axes in which it differs.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import avg_pool1d, avg_pool2d, avg_pool3d, conv1d, conv2d, conv3d

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


def blurred(image: Float[Tensor, "1 c *sides"]) -> Float[Tensor, "1 c *sides"]:
    """Three box blurs, nearly a Gaussian, of about a tenth of the image's side each."""
    sides = image.shape[2:]
    reach = [max(1, min(sides) // 20)] * len(sides)
    if len(sides) == 3:  # torch wants a window inside the clip; a single frame stays as it is
        reach = [min(most, (side - 1) // 2) for most, side in zip(reach, sides, strict=True)]
    pool = (avg_pool1d, avg_pool2d, avg_pool3d)[len(sides) - 1]
    window = [2 * one + 1 for one in reach]
    for _ in range(3):
        image = pool(image, window, 1, reach, count_include_pad=False)
    return image
