"""What counts as no information: the image that a method or a measure compares with."""

from enum import StrEnum
from typing import TypeAlias

import torch
from torch import Tensor

from resnet_viz.core.errors import OptionError
from resnet_viz.explain.pixel_imputation import blurred


class BaselineName(StrEnum):
    """Baselines that follow from the image."""

    ZERO = "zero"  # in the normalised image: the mean colour of the training set
    MEAN = "mean"  # of each channel of the image
    BLUR = "blur"  # the image without details


#: A baseline by name, a number for every pixel, or values that fit the image.
Baseline: TypeAlias = BaselineName | str | float | Tensor

#: The name of a baseline that the caller made.
OWN = "own"


def baseline_name(baseline: Baseline) -> str:
    """The name for the record; ``OptionError`` for one that is unknown."""
    if isinstance(baseline, Tensor | int | float):
        return OWN
    try:
        return BaselineName(baseline)
    except ValueError:
        known = ", ".join([*BaselineName, "a tensor"])
        raise OptionError(
            "option_unknown", option="baseline", value=baseline, known=known
        ) from None


def baseline_image(baseline: Baseline, image: Tensor) -> Tensor:
    """The baseline of an image (1, channel, *positions), of the same shape.

    Raises ``OptionError`` for an unknown name or a tensor of another size.
    """
    if isinstance(baseline, Tensor | int | float):
        values = torch.as_tensor(baseline).detach().to(image)
        try:
            return torch.broadcast_to(values, image.shape).clone()
        except RuntimeError:
            given = "x".join(map(str, values.shape))
            wanted = "x".join(map(str, image.shape[1:]))
            raise OptionError("baseline_shape", given=given, wanted=wanted) from None
    match BaselineName(baseline_name(baseline)):
        case BaselineName.ZERO:
            return torch.zeros_like(image)
        case BaselineName.MEAN:
            return image.mean(tuple(range(2, image.ndim)), keepdim=True).expand_as(image).clone()
        case BaselineName.BLUR:
            return blurred(image)
