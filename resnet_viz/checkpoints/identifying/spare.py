"""Set aside the tensors that stand beside a network: losses, metrics, normalisers, observers.

They are recognised by what training tools call them. Whatever else does not belong to the network
is found when its tensors are matched.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

_SPARE = re.compile(
    r"""(^|\.)(
      criterion | loss\w* | \w*_loss | losses | cost\w* | metrics? | \w*metric\w* | confmat\w*
    | \w*_acc(uracy)?(_?\d+)? | acc(uracy)?\d* | \w*_auroc | \w*_f1 | auroc | precision | recall
    | data_preprocessor | preprocessor
    | observer | \w*_observer | activation_post_process | \w*fake_quant\w* | scaler
    | queue\w* | memory_bank\w* | centers? | prototypes? | centroids? | class_weights?
    | total_ops | total_params | n_averaged | num_updates | \w*ema_decay | decay
    )(\.|$)""",
    re.VERBOSE | re.IGNORECASE,
)
_MEAN = re.compile(r"(^|[._])(new_)?(pixel_|image_|input_|norm_)?mean$")
_DEVIATION = re.compile(r"(^|[._])(new_)?(pixel_|image_|input_|norm_)?(std|sd|sigma|deviation)$")
_PIXELS = 3.0  # means above it are of pixels in [0, 255]


@dataclass(frozen=True)
class Normaliser:
    """Mean and deviation by channel that a file has for its input, for pixels in [0, 1]."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Sorted:
    """The tensors of a network, and the names of those that were set aside."""

    tensors: Mapping[str, Tensor]
    aside: tuple[str, ...]
    normaliser: Normaliser | None


def sort_out(tensors: Mapping[str, Tensor]) -> Sorted:
    """Set aside what training tools leave beside a network."""
    learned = {
        name.rpartition(".")[0] for name in tensors if name.endswith((".weight", ".gamma"))
        and not _SPARE.search(name)
    }  # fmt: skip
    aside = [name for name, value in tensors.items() if _is_spare(name, value, learned)]
    kept = {name: value for name, value in tensors.items() if name not in set(aside)}
    if not any(value.ndim > 1 for value in kept.values()):
        return Sorted(tensors, (), None)
    return Sorted(kept, tuple(aside), _normaliser({name: tensors[name] for name in aside}))


def _is_spare(name: str, value: Tensor, learned: set[str]) -> bool:
    """Whether a tensor is beside the network. ``learned`` are modules that have a weight."""
    if _SPARE.search(name):
        return True
    return name.rpartition(".")[0] not in learned and _is_input_statistic(name, value)


def _is_input_statistic(name: str, value: Tensor) -> bool:
    """Whether a tensor is a mean or a deviation of one to four channels."""
    named = _MEAN.search(name) or _DEVIATION.search(name)
    named = None if "running" in name else named
    return bool(named) and value.numel() in (1, 3, 4)


def _normaliser(aside: Mapping[str, Tensor]) -> Normaliser | None:
    found = {}
    for kind, pattern in (("mean", _MEAN), ("deviation", _DEVIATION)):
        values = [v for name, v in aside.items() if pattern.search(name)]
        values = [v for v in values if v.numel() in (1, 3, 4)]
        if not values:
            return None
        found[kind] = tuple(float(v) for v in values[0].flatten().tolist())
    mean, deviation = found["mean"], found["deviation"]
    if len(mean) != len(deviation) or not all(0 < d < 1e4 for d in deviation):
        return None
    if not all(abs(m) < 1e4 for m in mean):
        return None
    unit = 255.0 if max(mean) > _PIXELS else 1.0
    return Normaliser(tuple(m / unit for m in mean), tuple(d / unit for d in deviation))
