"""Norms of gradients and of weights, and which tensors are the weights."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import parametrize

#: Types whose norms need no more digits than they have.
_PRECISE = (torch.float32, torch.float64)


def norms_per_image(gradients: Sequence[Tensor]) -> list[Float[Tensor, " batch"]]:
    """||dS/da||_2 of each image and layer, S being the score summed over the batch."""
    if gradients and all(
        len(one) == 1 and one.dtype in _PRECISE and one.is_contiguous() for one in gradients
    ):  # one call for all layers
        return [length.unsqueeze(0) for length in torch._foreach_norm(list(gradients))]
    return [_of_each_image(gradient) for gradient in gradients]


def _of_each_image(gradient: Float[Tensor, "batch ..."]) -> Float[Tensor, " batch"]:
    kind = torch.promote_types(gradient.dtype, torch.float32)  # half precision has three digits
    rows = gradient.reshape(len(gradient), -1)
    length: Tensor = torch.linalg.vector_norm(rows, dim=1, dtype=kind)
    return length


def norms(values: Sequence[Tensor]) -> Float[Tensor, " values"]:
    """The 2-norm of each tensor."""
    if not values:
        return torch.zeros(0)
    return torch.stack(torch._foreach_norm(list(values)))


def computed_once(network: nn.Module) -> AbstractContextManager[None]:
    """Inside the block a parametrised weight is one tensor, however often it is read.

    Torch keeps it for all threads, so this is left out where nothing is parametrised.
    """
    computed = any(parametrize.is_parametrized(module) for module in network.modules())
    return parametrize.cached() if computed else nullcontext()


def parameters_of(network: nn.Module) -> dict[str, Tensor]:
    """Everything that can be trained, by name, after a pass with gradients.

    Pruning, ``weight_norm`` and parametrisations compute the weight that is used from other
    parameters; it is there under the layer's own name too, as "conv.weight".
    """
    found: dict[str, Tensor] = {n: p for n, p in network.named_parameters() if p.requires_grad}
    for name, module in network.named_modules():
        if module._forward_pre_hooks or parametrize.is_parametrized(module):
            for part in ("weight", "bias"):
                value = getattr(module, part, None)
                if isinstance(value, Tensor) and value.requires_grad:
                    found.setdefault(f"{name}.{part}" if name else part, value)
    return found
