"""The images that excite a channel most, and the part of them that one position sees."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.core.errors import LayerError, close_matches
from resnet_viz.explain.raw_map import PassesDone
from resnet_viz.explain.stopping import raise_if_stopped
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.networks.tables.layer_table import layer_table
from resnet_viz.pictures.preprocess import normalise
from resnet_viz.probe.capture import capture
from resnet_viz.probe.isolation import untouched
from resnet_viz.records.features import Crop
from resnet_viz.spec import NetworkSpec

_BATCH = 50  # images


def receptive_field(spec: NetworkSpec, layer: str) -> tuple[int, int]:
    """Side and stride, in pixels, of what one position of a layer sees.

    Of the paths through a block the larger counts. Position i is centred on pixel i x stride,
    because every kernel has an odd side and is padded by half of it. Raises ``LayerError`` for an
    unknown layer.
    """
    rows = [r for r in layer_table(spec) if r.name == layer or r.name.startswith(f"{layer}.")]
    if not rows:
        known = close_matches(layer, spec.blocks())
        raise LayerError("layer_unknown", name=layer, known=known)
    return rows[-1].receptive_max, rows[-1].stride


def top_crops(
    loaded: LoadedNetwork,
    images: UInt8[Tensor, "n channels height width"],
    labels: Sequence[str],
    layer: str,
    channels: Sequence[int],
    *,
    count: int = 8,
) -> Iterator[PassesDone | list[Crop]]:
    """For each channel, the ``count`` images with the highest activation, strongest first.

    Yields ``PassesDone`` after every batch, and last the crops of all channels, channel by
    channel. ``labels`` has one word per image. Raises ``LayerError`` for a layer whose values have
    no positions.
    """
    chosen = torch.tensor(list(channels))
    maxima: list[tuple[Tensor, Tensor]] = []
    width = 1
    for start in range(0, len(images), _BATCH):
        raise_if_stopped()
        values = _at(loaded.network, images[start : start + _BATCH], loaded, layer)[:, chosen]
        width = values.shape[-1]
        highest, places = values.flatten(2).max(2)
        maxima.append((highest, places))
        yield PassesDone(min(start + _BATCH, len(images)), len(images))
    highest, places = (torch.cat(parts).cpu() for parts in zip(*maxima, strict=True))
    field = receptive_field(loaded.network.spec, layer)
    crops = []
    for column, channel in enumerate(channels):
        best = highest[:, column].argsort(descending=True, stable=True)[:count].tolist()
        for number in best:
            row, left = divmod(int(places[number, column]), width)
            crops.append(
                Crop(
                    channel=channel,
                    image=number,
                    label=labels[number],
                    value=float(highest[number, column]),
                    row=row,
                    column=left,
                    box=_box(row, left, field, images.shape[2:]),
                    pixels=_rgb(images[number]),
                )
            )
    yield crops


def _at(network: ResNet, images: Tensor, loaded: LoadedNetwork, layer: str) -> Tensor:
    batch = normalise(images.to(next(network.parameters()).device), loaded.preprocessing)
    with torch.no_grad(), untouched(network, needs_gradients=False):
        value = capture(network, batch, [layer]).values[layer]
    if value.ndim != 4:
        known = ", ".join(network.spec.blocks()[-5:])
        raise LayerError("explain_layer", name=layer, known=known)
    return value


def _box(
    row: int, column: int, field: tuple[int, int], size: Sequence[int]
) -> tuple[int, int, int, int]:
    """Top, left, bottom, right of the receptive field, clipped to the image."""
    side, stride = field
    top, left = row * stride - side // 2, column * stride - side // 2
    height, width = size
    return max(0, top), max(0, left), min(height, top + side), min(width, left + side)


def _rgb(pixels: UInt8[Tensor, "c height width"]) -> UInt8[np.ndarray, "height width 3"]:
    return np.ascontiguousarray(pixels.expand(3, -1, -1).permute(1, 2, 0).numpy())
