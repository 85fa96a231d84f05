"""ResNet backbones: shapes of the stages, torchvision's values, and moving clips."""

import numpy as np
import pytest
import torch
from torchvision.models import detection, segmentation, video
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.ops import FrozenBatchNorm2d

from resnet_viz.checkpoints.sources import backbone_weights as loading
from resnet_viz.checkpoints.sources.backbone_weights import load_backbone
from resnet_viz.checkpoints.sources.published import pretrained_file
from resnet_viz.core.errors import OptionError, SpecError
from resnet_viz.networks.zoo.backbones import AT_WORK, backbone_without_weights
from resnet_viz.networks.zoo.torchvision_names import weights_named
from resnet_viz.pictures.decode import Picture
from resnet_viz.pictures.preprocess import IMAGENET_PREPROCESSING
from resnet_viz.pictures.samples import sample_picture, samples
from resnet_viz.probe.backbone_features import look_at_work, moving_crop, stage_features
from resnet_viz.records import WeightSource

SIDE = 64
PICTURE = sample_picture(next(iter(samples())))


@pytest.fixture(scope="module")
def views():
    return {name: look_at_work(name, PICTURE, size=SIDE) for name in AT_WORK}


def test_detection_halves_the_sides_and_its_pyramid_has_equal_channels(views):
    stages = {s.stage: s for s in views["fasterrcnn_resnet50_fpn"].stages}
    assert [stages[f"layer{n}"].features.shape for n in (1, 2, 3, 4)] == [
        (256, 16, 16), (512, 8, 8), (1024, 4, 4), (2048, 2, 2)
    ]  # fmt: skip
    assert [stages[f"layer{n}"].blocks for n in (1, 2, 3, 4)] == [3, 4, 6, 3]
    assert [stages[f"P{n}"].features.shape for n in (5, 4, 3, 2)] == [
        (256, 2, 2), (256, 4, 4), (256, 8, 8), (256, 16, 16)
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["deeplabv3_resnet50", "fcn_resnet50"])
def test_segmentation_keeps_the_resolution_behind_its_second_stage(name, views):
    strides = [s.stride for s in views[name].stages]
    assert strides == [4, 4, 8, 8, 8]


def test_video_stages_have_frames(views):
    view = views["r3d_18"]
    assert view.frames.shape == (16, SIDE, SIDE, 3)
    assert [s.features.shape for s in view.stages] == [
        (64, 16, 32, 32), (64, 16, 32, 32), (128, 8, 16, 16), (256, 4, 8, 8), (512, 2, 4, 4)
    ]  # fmt: skip


def test_features_are_finite_alive_and_read_only(views):
    for view in views.values():
        for stage in view.stages:
            assert np.isfinite(stage.features).all()
            assert stage.features.std() > 0
            assert not stage.features.flags.writeable


def test_stages_are_in_order_of_execution():
    for name, row in AT_WORK.items():
        names = [n for n, _ in backbone_without_weights(name).named_modules()]
        body = [m for m in row.stages.values() if "fpn" not in m]
        assert [names.index(m) for m in body] == sorted(names.index(m) for m in body)


THEIRS = {
    "deeplabv3_resnet50": lambda: segmentation.deeplabv3_resnet50(
        weights=None, weights_backbone=None
    ),
    "r3d_18": video.r3d_18,
    "fasterrcnn_resnet50_fpn": lambda: detection.FasterRCNN(
        resnet_fpn_backbone(backbone_name="resnet50", weights=None, norm_layer=FrozenBatchNorm2d),
        num_classes=3,
    ),
}


@pytest.mark.parametrize("name", THEIRS)
def test_published_weights_give_torchvisions_values(name, monkeypatch):
    """A file with the keys of torchvision's whole network, whose statistics are not 0 and 1."""
    row, theirs = AT_WORK[name], THEIRS[name]().eval()
    for key, value in theirs.state_dict().items():
        if key.endswith("running_var"):
            value.uniform_(0.5, 2)
    for module in theirs.modules():  # as torchvision does for these weights
        if isinstance(module, FrozenBatchNorm2d):
            module.eps = 0.0
    asked = []
    monkeypatch.setattr(
        loading, "pretrained_tensors", lambda n: asked.append(n) or theirs.state_dict()
    )
    batch = torch.rand(1, 3, *([4] if row.frames else []), SIDE, SIDE)
    own = load_backbone(name, WeightSource.PRETRAINED)
    part = theirs.get_submodule(row.part)
    for one, other in zip(
        stage_features(own, row, batch), stage_features(part, row, batch), strict=True
    ):
        assert np.allclose(one.features, other.features, atol=1e-4), one.stage
    assert asked == [name]
    assert pretrained_file(name).name == weights_named(row.weights).url.rpartition("/")[2]
    assert row.parameters == weights_named(row.weights).meta["num_params"]


def test_unknown_names_get_close_ones():
    with pytest.raises(SpecError, match="r3d_18"):
        look_at_work("r3d", PICTURE)


@pytest.mark.parametrize(("height", "width"), [(40, 100), (100, 40), (50, 50), (1, 3)])
def test_a_clip_moves_along_the_longer_side(height, width):
    ramp = np.add.outer(np.arange(height), np.arange(width)).astype(np.uint8)
    picture = Picture(np.repeat(ramp[..., None], 3, axis=2), "ramp", "0")
    clip = moving_crop(picture, IMAGENET_PREPROCESSING, 5)
    assert clip.shape == (5, 224, 224, 3)
    means = clip.mean(axis=(1, 2, 3))
    assert (np.diff(means) > 0).all()


def test_a_picture_too_small_for_the_deepest_stage_is_refused():
    with pytest.raises(OptionError, match="64"):
        look_at_work("fcn_resnet50", PICTURE, size=32)
