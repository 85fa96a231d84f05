"""Merge the parts of a weight that training tools keep apart, where that is arithmetic.

Weight norm: W = g v / ||v|| (Salimans 2016, arXiv 1602.07868). Spectral norm: W / (u' W v) (Miyato
2018, arXiv 1802.05957). Pruning: W times its mask. LoRA: W + s B A (Hu 2021, arXiv 2106.09685); the
scale s is alpha / rank if the file has alpha, otherwise 1.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Merged:
    """A weight that was put together: its name, and how ("mask", "weight_norm", "lora", ...).

    ``parts`` are the names of the tensors that it was put together from, the main one first.
    """

    name: str
    way: str
    parts: tuple[str, ...] = ()


def merge(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], tuple[Merged, ...]]:
    """Replace every weight in parts by the whole one, at the place of its first part."""
    rules = [rule for name in tensors if (rule := _rule(name, tensors)) is not None]
    if not rules:
        return dict(tensors), ()
    replaced = {part: rule for rule in rules for part in rule.parts}
    merged: dict[str, Tensor] = {}
    done: list[Merged] = []
    for name, value in tensors.items():
        rule = replaced.get(name)
        if rule is None:
            merged[name] = value
        elif rule.name not in merged:
            whole = _whole(rule, tensors)
            if whole is None:  # the parts do not fit: leave them to the next step
                merged[name] = value
                continue
            merged[rule.name] = whole
            done.append(Merged(rule.name, rule.way, rule.parts))
    return merged, tuple(done)


@dataclass(frozen=True)
class _Rule:
    name: str
    way: str
    parts: tuple[str, ...]


def _whole(rule: _Rule, tensors: Mapping[str, Tensor]) -> Tensor | None:
    try:
        with torch.no_grad():
            whole: Tensor = _WAYS[rule.way](
                *(tensors[part].detach().float() for part in rule.parts)
            )
    except (RuntimeError, IndexError, TypeError):
        return None
    return whole


def _rule(name: str, tensors: Mapping[str, Tensor]) -> _Rule | None:
    """How the weight that ``name`` is the main part of is put together; None for an ordinary one.

    The first of the parts is the main part.
    """
    return next((rule for rule in _rules(name) if all(p in tensors for p in rule.parts)), None)


def _rules(name: str) -> Iterator[_Rule]:
    for kind in ("weight", "bias"):
        stem = name.removesuffix(f"{kind}_orig")
        if stem != name:
            yield _Rule(stem + kind, "mask", (name, f"{stem}{kind}_mask"))
            whole = (name, f"{stem}{kind}_u", f"{stem}{kind}_v")
            yield _Rule(stem + kind, "spectral_norm", whole)
            yield _Rule(stem + kind, "spectral_norm", whole[:2])
        stem = name.removesuffix(f"parametrizations.{kind}.original")
        if stem != name:
            inside = f"{stem}parametrizations.{kind}.0."
            yield _Rule(stem + kind, "mask", (name, f"{inside}mask"))
            yield _Rule(stem + kind, "spectral_norm", (name, f"{inside}_u", f"{inside}_v"))
            yield _Rule(stem + kind, "lora", (name, f"{inside}lora_A", f"{inside}lora_B"))
            yield _Rule(stem + kind, "parametrization", (name,))
    stem = name.removesuffix("weight_g")
    if stem != name:
        yield _Rule(f"{stem}weight", "weight_norm", (name, f"{stem}weight_v"))
    stem = name.removesuffix("parametrizations.weight.original0")
    if stem != name:
        second = f"{stem}parametrizations.weight.original1"
        yield _Rule(f"{stem}weight", "weight_norm", (name, second))
    stem = name.removesuffix("base_layer.weight")
    if stem != name:  # PEFT
        pair = (f"{stem}lora_A.default.weight", f"{stem}lora_B.default.weight")
        yield _Rule(f"{stem}weight", "lora", (name, *pair))
        yield _Rule(f"{stem}weight", "parametrization", (name,))
    stem = name.removesuffix("base_layer.bias")
    if stem != name:
        yield _Rule(f"{stem}bias", "parametrization", (name,))
    for inside in ("conv.", "linear.", ""):
        stem = name.removesuffix(f"{inside}weight")
        if stem != name:  # loralib
            pair = (f"{stem}lora_A", f"{stem}lora_B")
            yield _Rule(f"{stem}weight", "lora", (name, *pair, f"{stem}alpha"))
            yield _Rule(f"{stem}weight", "lora", (name, *pair))


def _masked(weight: Tensor, mask: Tensor) -> Tensor:
    return weight * mask


def _weight_norm(size: Tensor, direction: Tensor) -> Tensor:
    """Return g v / ||v||, with the norm over the dimensions in which g has one value."""
    over = [d for d in range(direction.ndim) if size.ndim == 0 or size.shape[d] == 1]
    norm: Tensor = torch.linalg.vector_norm(direction, dim=over, keepdim=True)
    return direction * (size / norm)


def _spectral(weight: Tensor, left: Tensor, right: Tensor | None = None) -> Tensor:
    matrix = weight.flatten(1)
    right = matrix.T @ left if right is None else right
    right = right / right.norm().clamp_min(1e-12)
    return weight / torch.dot(left, matrix @ right)


def _lora(weight: Tensor, down: Tensor, up: Tensor, alpha: Tensor | None = None) -> Tensor:
    """W + s B A. A convolution's A is (rank, in, k, k) or a matrix, B (out, rank)."""
    rank = up.shape[1]
    scale = 1.0 if alpha is None else float(alpha) / rank
    low = up.flatten(1) if up.ndim > 2 else up
    product = low @ (down.flatten(1) if down.ndim > 2 else down)
    return weight + scale * product.reshape(weight.shape)


_WAYS: Mapping[str, Callable[..., Tensor]] = {
    "mask": _masked,
    "weight_norm": _weight_norm,
    "spectral_norm": _spectral,
    "lora": _lora,
    "parametrization": lambda weight: weight,
}
