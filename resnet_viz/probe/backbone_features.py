"""The feature maps of a backbone at work, for a picture or for a clip made of it."""

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
_LEAST_SIZE, _LEAST_CLIP = 64, 32  # pixels; below, the deepest stages have nothing left


def look_at_work(
    name: str,
    picture: Picture,
    source: WeightSource = WeightSource.RANDOM,
    *,
    seed: int = 0,
    size: int | None = None,
) -> WorkView:
    """Every stage of a backbone for one picture; ``size`` is the input's side in pixels.

    A video network sees a clip: a window that moves over the picture (``moving_crop``). With fresh
    weights, batch normalisation uses the statistics of this very input. Raises ``DownloadError``
    where published weights are neither here nor reachable, ``OptionError`` for one too small.
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
    """The value of each stage, from one forward pass without gradients."""
    with torch.no_grad():
        values = capture(backbone, batch, list(row.stages.values())).values
    found = []
    for stage, module in row.stages.items():
        inside, value = backbone.get_submodule(module), values[module][0]
        features = value.numpy()
        features.setflags(write=False)
        found.append(
            StageFeatures(
                stage=stage,
                module=module,
                blocks=sum(type(each).__name__ in _BLOCKS for each in inside.children()),
                stride=round(batch.shape[-1] / value.shape[-1]),
                features=features,
            )
        )
    return tuple(found)


def moving_crop(
    picture: Picture, preprocessing: Preprocessing, frames: int
) -> UInt8[np.ndarray, "frames size size 3"]:
    """A clip of a still picture: a square window that moves along its longer side.

    The window is as large as the square that an image network of this preprocessing would see, and
    moves by its own side at most.
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
