"""ResNets as backbones of torchvision's detection, segmentation and video networks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import nn

from resnet_viz.core.errors import SpecError, close_matches
from resnet_viz.networks.allocation import allocate
from resnet_viz.networks.zoo.random_weights import draw
from resnet_viz.networks.zoo.torchvision_names import build_named
from resnet_viz.pictures.preprocess import IMAGENET_PREPROCESSING, Preprocessing

#: Preprocessing of the weights trained on Kinetics-400, for square clips.
KINETICS_PREPROCESSING = Preprocessing(
    112, 128, (0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989)
)


@dataclass(frozen=True)
class WorkRow:
    """One network with a ResNet inside.

    ``part`` is the module that is the backbone, "" where the whole network is a ResNet; ``stages``
    names its feature maps within that module, in order of execution. ``frames`` is the length of
    the clip that a video network reads, 0 for one that reads images. ``epsilon`` is
    that of batch normalisation in the training of the published weights.
    """

    title: str
    weights: str  # see ``weights_named``
    parameters: int
    part: str
    stages: Mapping[str, str]
    source: str
    depths: tuple[int, ...] = (3, 4, 6, 3)  # residual blocks of each stage
    frames: int = 0
    epsilon: float | None = None
    preprocessing: Preprocessing = IMAGENET_PREPROCESSING
    options: Mapping[str, object] = field(default_factory=dict)  # of the constructor


_STAGES = {"stem": "maxpool", **{f"layer{n}": f"layer{n}" for n in range(1, 5)}}
_NOTHING = {"weights": None, "weights_backbone": None}

#: Networks that use a ResNet as a backbone, by name.
AT_WORK: Mapping[str, WorkRow] = {
    "fasterrcnn_resnet50_fpn": WorkRow(
        title="Faster R-CNN, ResNet-50 FPN",
        weights="FasterRCNN_ResNet50_FPN_Weights.COCO_V1",
        parameters=41_755_286,
        part="backbone",
        stages={
            **{stage: f"body.{module}" for stage, module in _STAGES.items()},
            **{f"P{n + 2}": f"fpn.layer_blocks.{n}" for n in reversed(range(4))},
        },
        source="Ren 2015 (arXiv 1506.01497); Lin 2016 (arXiv 1612.03144)",
        epsilon=0.0,
        options=_NOTHING,
    ),
    "deeplabv3_resnet50": WorkRow(
        title="DeepLabV3, ResNet-50",
        weights="DeepLabV3_ResNet50_Weights.COCO_WITH_VOC_LABELS_V1",
        parameters=42_004_074,
        part="backbone",
        stages=_STAGES,
        source="Chen 2017 (arXiv 1706.05587)",
        options=_NOTHING,
    ),
    "fcn_resnet50": WorkRow(
        title="FCN, ResNet-50",
        weights="FCN_ResNet50_Weights.COCO_WITH_VOC_LABELS_V1",
        parameters=35_322_218,
        part="backbone",
        stages=_STAGES,
        source="Long 2014 (arXiv 1411.4038)",
        options=_NOTHING,
    ),
    "r3d_18": WorkRow(
        title="R3D-18",
        weights="R3D_18_Weights.KINETICS400_V1",
        parameters=33_371_472,
        part="",
        stages={**_STAGES, "stem": "stem"},
        source="Tran 2017 (arXiv 1711.11248)",
        depths=(2, 2, 2, 2),
        frames=16,
        preprocessing=KINETICS_PREPROCESSING,
    ),
}


def work_row(name: str) -> WorkRow:
    """A row of the table; ``SpecError`` with close matches for an unknown name."""
    if name not in AT_WORK:
        raise SpecError("preset_unknown", name=name, known=close_matches(name, list(AT_WORK)))
    return AT_WORK[name]


def build_backbone(name: str, *, seed: int = 0) -> nn.Module:
    """The untrained backbone of a network, in training mode; ``seed`` decides every weight."""
    backbone = backbone_without_weights(name)
    allocate(backbone)
    draw(backbone, seed)
    return backbone


def backbone_without_weights(name: str) -> nn.Module:
    """The backbone on the meta device: shapes without memory."""
    row = work_row(name)
    with torch.device("meta"):
        return build_named(name, **row.options).get_submodule(row.part)
