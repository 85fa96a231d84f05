"""Norms of gradients and of weights."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def norms_per_image(gradient: Float[Tensor, "batch ..."]) -> Float[Tensor, " batch"]:
    """||dS/da||_2 of each image, S being the score summed over the batch."""
    kind = torch.promote_types(gradient.dtype, torch.float32)  # half precision has three digits
    rows = gradient.reshape(len(gradient), -1)
    length: Tensor = torch.linalg.vector_norm(rows, dim=1, dtype=kind)
    return length


def norms(values: Sequence[Tensor]) -> Float[Tensor, " values"]:
    """The 2-norm of each tensor."""
    if not values:
        return torch.zeros(0)
    return torch.stack(torch._foreach_norm(list(values)))
