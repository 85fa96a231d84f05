"""Python lines that put weights in parts together, as ``checkpoints.reading.merging`` does."""

from collections.abc import Iterator, Sequence
from itertools import takewhile

from resnet_viz.checkpoints.reading.merging import Merged

_NAMES = {
    "mask": ("weight", "mask"),
    "weight_norm": ("size", "v"),
    "spectral_norm": ("weight", "u", "v"),
    "lora": ("weight", "down", "up", "alpha"),
    "parametrization": ("weight",),
}
_LINES = {
    "mask": ["whole = weight * mask"],
    "weight_norm": [
        "dims = [d for d in range(v.ndim) if size.ndim == 0 or size.shape[d] == 1]",
        "whole = v * size / torch.linalg.vector_norm(v, dim=dims, keepdim=True)",
    ],
    "spectral_norm": [
        "v = v / v.norm()",
        "whole = weight / torch.dot(u, weight.flatten(1) @ v)",
    ],
    "lora": [
        "low = (up.flatten(1) @ down.flatten(1)).reshape(weight.shape)",
        "whole = weight + scale * low",
    ],
    "parametrization": ["whole = weight"],
}


def merging_lines(merged: Sequence[Merged]) -> list[str]:
    """Lines that add the whole weights to the dictionary ``state``; one loop for each way."""
    ways = dict.fromkeys(_suffixes(each) for each in merged)
    by_parts = sorted(ways, key=lambda way: len(way[2]))  # a mask overrides a bare parametrization
    return [line for way, whole, parts in by_parts for line in _loop(way, whole, parts)]


def _suffixes(merged: Merged) -> tuple[str, str, tuple[str, ...]]:
    """The way, and the names of the whole and of its parts without the module's."""
    split = [name.split(".") for name in (merged.name, *merged.parts)]
    shared = takewhile(lambda each: len(set(each)) == 1, zip(*split, strict=False))
    length = sum(len(each[0]) + 1 for each in shared)
    return merged.way, merged.name[length:], tuple(part[length:] for part in merged.parts)


def _loop(way: str, whole: str, parts: tuple[str, ...]) -> Iterator[str]:
    last = parts[-1]
    yield f"for stem in [k[:-{len(last)}] for k in state if k.endswith({last!r})]:"
    for name, part in zip(_NAMES[way], parts, strict=False):
        yield f"    {name} = state[stem + {part!r}].float()"
    if way == "spectral_norm" and len(parts) == 2:
        yield "    v = weight.flatten(1).T @ u"
    if way == "lora":
        yield f"    scale = {'alpha / up.shape[1]' if len(parts) == 4 else '1.0'}"
    for line in _LINES[way]:
        yield f"    {line}"
    yield f"    state[stem + {whole!r}] = whole"
