"""The estimate of a method's passes, against those that were made."""

import pytest

from resnet_viz.checkpoints.load import load
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.explain.explain_picture import ExplainRequest, explain_picture
from resnet_viz.explain.method_names import MethodName
from resnet_viz.explain.method_passes import forward_passes, seconds_per_pass
from resnet_viz.explain.methods import METHODS, Family
from resnet_viz.explain.scored_image import ScoredNetwork
from resnet_viz.pictures.samples import sample_picture
from resnet_viz.spec import NetworkSpec

SPEC = NetworkSpec(depths=(1, 1), widths=(4, 4), classes=3)
#: One for each way of counting; ablation runs parts of the network only.
SLOW = (
    MethodName.SCORE_CAM,
    MethodName.INTEGRATED_GRADIENTS,
    MethodName.GRADIENT_SHAP,
    MethodName.OCCLUSION,
    MethodName.FEATURE_ABLATION,
)


@pytest.fixture(scope="module")
def loaded():
    return load(NetworkRef(SPEC))


@pytest.mark.parametrize("name", SLOW)
def test_slow_methods_make_about_as_many_passes_as_was_said(name, loaded, monkeypatch):
    seen = []
    whole = ScoredNetwork.output_of

    def counted(self, images):
        seen.append(len(images))
        return whole(self, images)

    monkeypatch.setattr(ScoredNetwork, "output_of", counted)
    explain_picture(loaded, sample_picture("cat"), ExplainRequest(name, measures=()))
    said = forward_passes(name, METHODS[name].options_with(), 4, 32)
    if METHODS[name].family is Family.GRADIENT:
        said //= 3  # each with its backward pass
    assert sum(seen) == pytest.approx(said, rel=0.1, abs=3)


def test_quick_methods_take_a_few_and_a_pass_takes_time(loaded):
    assert forward_passes(MethodName.GRAD_CAM, {}, 4, 32) < 10
    assert seconds_per_pass(loaded) > 0
