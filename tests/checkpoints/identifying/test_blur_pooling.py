"""Networks that blur where others have strides, without a stored filter: named, not built."""

from dataclasses import replace

import pytest
import torch

from resnet_viz import NetworkSpec, diagnose
from resnet_viz.checkpoints.fill import fill
from resnet_viz.checkpoints.identifying.blur_pooling import with_blurs
from resnet_viz.checkpoints.running_statistics import set_statistics
from resnet_viz.pictures.preprocess import preprocessing_for
from resnet_viz.pictures.samples import photographs
from resnet_viz.records import Tier
from resnet_viz.spec import Block, Shortcut
from tests.checkpoints.identifying.test_wild import weights

BASIC = NetworkSpec(depths=(1, 1, 1), widths=(8, 16, 32), shortcut=Shortcut.PROJECTION)
SPECS = {"basic": BASIC, "bottleneck": replace(BASIC, block=Block.BOTTLENECK, widths=(4, 8, 16))}


@pytest.mark.parametrize("block", SPECS)
@pytest.mark.parametrize("blurs", [True, False])
def test_blurs_are_told_from_strides(block, blurs):
    network = weights(SPECS[block])
    if blurs:
        network = with_blurs(network)
        set_statistics(network, photographs(preprocessing_for(SPECS[block])))
    report = diagnose(network.state_dict())
    if blurs:
        assert report.identified.tier is Tier.WEIGHTS
        assert report.identified.family == "blur"
        assert "not_built" in {finding.check for finding in report.findings}
    else:
        assert report.identified.spec == SPECS[block]


def test_timm_blurs_in_the_same_places():
    resnet = pytest.importorskip("timm.models.resnet", reason="needs timm")
    from timm.layers import BlurPool2d

    from resnet_viz.checkpoints.identifying.candidates import candidates

    theirs = resnet.ResNet(
        resnet.Bottleneck, (1, 1, 1, 1), channels=[2, 4, 8, 16], num_classes=5, aa_layer=BlurPool2d
    ).eval()
    assert not any("filt" in name for name in theirs.state_dict())
    first = candidates(theirs.state_dict())[0]
    ours = with_blurs(fill(first.spec, first.tensors(theirs.state_dict()), "w"))
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = theirs(images)
        assert torch.allclose(ours(images), expected, atol=1e-4 * expected.abs().max())
