"""What a network saw as an RGB picture, and maps that fit on it."""

import numpy as np
from jaxtyping import Float, UInt8

from resnet_viz.core.errors import OptionError

#: Means and deviations that networks are usually given: of ImageNet and of CIFAR-10.
_USUAL = (
    ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
)
_CIFAR_SIDE = 64  # pixels; smaller pictures are tried with CIFAR-10's statistics first
_ROOM = 0.02  # outside 0 to 1, where resampling may lead


def input_picture(image: Float[np.ndarray, "channel ..."]) -> UInt8[np.ndarray, "height width 3"]:
    """A normalised image as RGB.

    Normalisation by ImageNet's or CIFAR-10's statistics is undone if that gives values from 0 to 1.
    Otherwise the image's own minimum becomes black and its maximum white. Channels beyond the
    third are left out; of a clip the middle frame is shown.
    """
    if image.ndim == 4:
        image = image[:, image.shape[1] // 2]
    if image.ndim != 3:
        raise OptionError("overlay_axes", axes=image.ndim - 1)
    values = np.nan_to_num(image.astype(np.float64))
    values = values[:3] if len(values) >= 3 else np.repeat(values[:1], 3, axis=0)
    shares = _unnormalised(values) if len(image) == 3 else None
    if shares is None:
        low, high = values.min(), values.max()
        shares = (values - low) / (high - low if high > low else 1.0)
    return np.asarray(np.rint(255 * np.clip(shares, 0, 1)), np.uint8).transpose(1, 2, 0).copy()


def plane(values: Float[np.ndarray, "..."]) -> Float[np.ndarray, "height width"]:
    """A map of an image, or the middle frame of a clip's; ``OptionError`` for a signal's."""
    if values.ndim == 3:
        return np.asarray(values[len(values) // 2])
    if values.ndim != 2:
        raise OptionError("overlay_axes", axes=values.ndim)
    return values


def _unnormalised(values: Float[np.ndarray, "3 h w"]) -> Float[np.ndarray, "3 h w"] | None:
    if values.min() >= 0:
        return None if values.max() > 1 else values
    small = max(values.shape[1:]) <= _CIFAR_SIDE
    for mean, deviation in _USUAL[::-1] if small else _USUAL:
        shares = values * np.reshape(deviation, (3, 1, 1)) + np.reshape(mean, (3, 1, 1))
        if shares.min() >= -_ROOM and shares.max() <= 1 + _ROOM:
            return np.asarray(shares)
    return None
