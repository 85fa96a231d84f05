"""Class activation maps from captured features and their gradients."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def channel_weights(gradient: Float[Tensor, "batch c *positions"]) -> Float[Tensor, "batch c"]:
    """alpha_k: the mean over positions of d y / d A^k (Selvaraju 2017, eq. 1)."""
    return gradient.mean(tuple(range(2, gradient.ndim)))


def weighted_sum(
    feature: Float[Tensor, "batch c *positions"], weights: Float[Tensor, "batch c"]
) -> Float[Tensor, "batch ..."]:
    """sum_k alpha_k A^k (Selvaraju 2017, arXiv 1610.02391, eq. 2 before its ReLU), unscaled."""
    return (feature * weights.reshape(*weights.shape, *[1] * (feature.ndim - 2))).sum(1)


def grad_cams(
    features: Sequence[Tensor], gradients: Sequence[Tensor]
) -> tuple[list[Tensor], list[Tensor]]:
    """Channel weights and maps of each layer, in single precision or better."""
    weights = [channel_weights(_at_least_float(gradient)) for gradient in gradients]
    maps = [
        weighted_sum(_at_least_float(feature), alpha)
        for feature, alpha in zip(features, weights, strict=True)
    ]
    if maps:
        torch._foreach_clamp_min_(maps, 0)  # the ReLU, in one call
    return weights, maps


def _at_least_float(value: Tensor) -> Tensor:
    return value if value.dtype in (torch.float32, torch.float64) else value.float()
