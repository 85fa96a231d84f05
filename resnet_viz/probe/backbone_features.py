"""The feature maps of a backbone for a picture, or for a clip made from it."""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor, nn

from resnet_viz.checkpoints.sources.backbone_weights import load_backbone
from resnet_viz.core.errors import OptionError
from resnet_viz.networks.zoo.backbones import WorkRow, work_row
from resnet_viz.pictures.decode import Picture
from resnet_viz.pictures.preprocess import Preprocessing, seen, to_batch
from resnet_viz.probe.capture import capture
from resnet_viz.records import StageFeatures, WeightSource, WorkView

_BLOCKS = ("BasicBlock", "Bottleneck")
_LEAST_SIZE, _LEAST_CLIP = 64, 32  # pixels; below, the deepest stages are empty


def look_at_work(
    name: str,
    picture: Picture,
    source: WeightSource = WeightSource.RANDOM,
    *,
    seed: int = 0,
    size: int | None = None,
) -> WorkView:
    """The features of every stage of a backbone for one picture.

    A video network gets a clip from ``moving_crop``.

    Parameters
    ----------
    name
        A row of the table of backbones.
    picture
        Any picture; the backbone's own preprocessing is applied.
    source
        Random or published weights. With random weights, batch normalisation uses the statistics
        of this input.
    seed
        Of random weights.
    size
        The input's side in pixels; None for the usual one.

    Raises
    ------
    DownloadError
        Published weights are neither on this machine nor reachable.
    OptionError
        ``size`` is so small that the deepest stage would be empty.

    """
    row = work_row(name)
    least = _LEAST_CLIP if row.frames else _LEAST_SIZE
    if size is not None and size < least:
        raise OptionError("option_unknown", option="size", value=size, known=f">= {least}")
    preprocessing = _sized(row.preprocessing, size)
    frames = _frames(row, picture, preprocessing)
    batch = to_batch(list(frames), preprocessing)
    if row.frames:
        batch = batch.permute(1, 0, 2, 3)[None].contiguous()
    backbone = load_backbone(name, source, seed=seed)
    return WorkView(name, frames, stage_features(backbone, row, batch))


def stage_features(
    backbone: nn.Module, row: WorkRow, batch: Float[Tensor, "1 channel *place"]
) -> tuple[StageFeatures, ...]:
    """The features of each stage, from one forward pass without gradients."""
    with torch.no_grad():
        values = capture(backbone, batch, list(row.stages.values())).values
    stages = []
    for stage, module in row.stages.items():
        inside, value = backbone.get_submodule(module), values[module][0]
        features = value.numpy()
        features.setflags(write=False)
        stages.append(
            StageFeatures(
                stage=stage,
                module=module,
                blocks=sum(type(each).__name__ in _BLOCKS for each in inside.children()),
                stride=round(batch.shape[-1] / value.shape[-1]),
                features=features,
            )
        )
    return tuple(stages)


def moving_crop(
    picture: Picture, preprocessing: Preprocessing, frames: int
) -> UInt8[np.ndarray, "frames size size 3"]:
    """A clip of a still picture: a square window that moves along the longer side.

    The window covers the square that an image network with this preprocessing sees, and moves by
    its own side at most.
    """
    height, width = picture.pixels.shape[:2]
    side = min(height, width) * preprocessing.size / preprocessing.resize
    free = max(height, width) - side
    way = min(free, side)
    image, size = Image.fromarray(picture.pixels), (preprocessing.size, preprocessing.size)
    clip = []
    for share in np.linspace(0, 1, frames):
        along, across = (free - way) / 2 + share * way, (min(height, width) - side) / 2
        left, top = (along, across) if width >= height else (across, along)
        box = (left, top, left + side, top + side)
        clip.append(np.asarray(image.resize(size, Image.Resampling.BILINEAR, box=box)))
    return np.stack(clip)


def _frames(
    row: WorkRow, picture: Picture, preprocessing: Preprocessing
) -> UInt8[np.ndarray, "frames size size 3"]:
    if row.frames:
        return moving_crop(picture, preprocessing, row.frames)
    return seen(picture, preprocessing)[None]


def _sized(preprocessing: Preprocessing, size: int | None) -> Preprocessing:
    if size is None:
        return preprocessing
    resize = round(size * preprocessing.resize / preprocessing.size)
    return replace(preprocessing, size=size, resize=resize)
