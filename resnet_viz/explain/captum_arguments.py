"""What captum's methods are given besides the image: steps, windows, superpixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int64
from torch import Tensor

from resnet_viz.explain.method_options import Options

_NOISY_NUMBERS = 300_000  # of noisy images in a batch; fixed, because the result depends on it
_NOISY_IMAGES = 16


@dataclass(frozen=True, eq=False)
class CaptumCall:
    """The input of a call: the image, all options, and how many images run at once."""

    image: Tensor  # (1, channel, *positions), requires gradients
    options: Options
    batch_size: int
    baseline: Tensor | None = None  # for a method that compares with one

    def whole(self, option: str) -> int:
        """An option that is a whole number."""
        return int(self.options[option])

    @property
    def spread(self) -> float:
        """The image's largest value minus its smallest, of which noise is a share."""
        values = self.image.detach()
        return float(values.max() - values.min())

    @property
    def noisy_images(self) -> int:
        """How many noisy images run at once."""
        return max(1, min(_NOISY_IMAGES, _NOISY_NUMBERS // self.image.numel()))


def no_arguments(_call: CaptumCall) -> Mapping[str, object]:
    """Nothing."""
    return {}


def integral_steps(call: CaptumCall) -> Mapping[str, object]:
    """The path integral in ``steps`` steps."""
    return {"n_steps": call.whole("steps"), "internal_batch_size": call.batch_size}


def sliding_window(call: CaptumCall) -> Mapping[str, object]:
    """A window over all channels; ``window`` and ``stride`` are shares of the sides."""
    channels, *sides = call.image.shape[1:]
    window = [max(1, round(call.options["window"] * side)) for side in sides]
    stride = [max(1, round(call.options["stride"] * side)) for side in sides]
    stride = [min(step, side) for step, side in zip(stride, window, strict=True)]
    return {
        "sliding_window_shapes": (channels, *window),
        "strides": (channels, *stride),
        "perturbations_per_eval": call.batch_size,
    }


def superpixel_cells(call: CaptumCall) -> Mapping[str, object]:
    """Square superpixels, ``cells`` along a side."""
    mask = superpixels(call.image.shape[2:], call.whole("cells")).to(call.image.device)
    return {"feature_mask": mask, "perturbations_per_eval": call.batch_size}


def superpixel_samples(call: CaptumCall) -> Mapping[str, object]:
    """The same superpixels, with ``samples`` random subsets of them."""
    return {**superpixel_cells(call), "n_samples": call.whole("samples")}


def superpixels(sides: Sequence[int], cells: int) -> Int64[Tensor, "1 1 *sides"]:
    """The number of each pixel's square, at most ``cells`` of them along a side."""
    number = torch.zeros(tuple(sides), dtype=torch.long)
    for axis, side in enumerate(sides):
        count = min(cells, side)
        along = torch.arange(side) * count // side
        number = number * count + along.reshape(-1, *[1] * (len(sides) - 1 - axis))
    return number[None, None]
