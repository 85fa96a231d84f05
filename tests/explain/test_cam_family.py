"""The CAM family against two other libraries, and by its own properties."""

import contextlib
import io

import numpy as np
import pytest
import torch
import torchvision

from resnet_viz import NetworkSpec, analyze, build
from resnet_viz.core.errors import LayerError, OptionError
from resnet_viz.explain.cam_family import cam_formulas, class_activation_maps
from resnet_viz.explain.explain_image import explain
from resnet_viz.explain.method_names import MethodName
from resnet_viz.explain.methods import METHODS
from tests.probe.hand_made import images, out_of_place, seeded, settled, small

GRAD_CAM_CLASSES = {
    MethodName.GRAD_CAM: "GradCAM",
    MethodName.GRAD_CAM_PLUS_PLUS: "GradCAMPlusPlus",
    MethodName.XGRAD_CAM: "XGradCAM",
    MethodName.HIRES_CAM: "HiResCAM",
    MethodName.LAYER_CAM: "LayerCAM",
    MethodName.ELEMENT_WISE: "GradCAMElementWise",
    MethodName.EIGEN_CAM: "EigenCAM",
    MethodName.EIGENGRAD_CAM: "EigenGradCAM",
}
# torchcam's Grad-CAM++ multiplies A and G^3 at each position; the paper sums A alone (eq. 19).
TORCHCAM_CLASSES = {
    MethodName.GRAD_CAM: "GradCAM",
    MethodName.XGRAD_CAM: "XGradCAM",
    MethodName.LAYER_CAM: "LayerCAM",
}


def normalised(values):
    values = values - values.min()
    return values / (values.max() + 1e-7)


def ours(name, size):
    spec = NetworkSpec.preset(name)
    return settled(build(spec, seed=0), images(4, size, seed=5)), spec.blocks()


def theirs(name, size):
    network = out_of_place(seeded(lambda: torchvision.models.get_model(name)))
    return settled(network, images(4, size, seed=5)), NetworkSpec.preset(name).blocks()


NETWORKS = [(theirs, "resnet18", 64), (theirs, "resnet50", 64), (ours, "resnet56", 32)]


@pytest.fixture(scope="module", params=NETWORKS, ids=lambda row: row[1])
def case(request):
    make, name, size = request.param
    network, blocks = make(name, size)
    chosen = [blocks[0], blocks[len(blocks) // 2], blocks[-1]]
    batch = images(1, size)
    analysis = analyze(network, batch, target=3, layers=chosen, gradients=True)
    return network, batch, class_activation_maps(analysis), analysis


def pytorch_grad_cam(method, network, batch, layer):
    import pytorch_grad_cam
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    made = getattr(pytorch_grad_cam, GRAD_CAM_CLASSES[method])
    with made(network, [network.get_submodule(layer)]) as cam:
        targets = [ClassifierOutputTarget(3)]
        cam.outputs = cam.activations_and_grads(batch.clone().requires_grad_())
        network.zero_grad()
        sum(t(o) for t, o in zip(targets, cam.outputs, strict=True)).backward()
        feature = cam.activations_and_grads.activations[0].detach().numpy()
        gradient = cam.activations_and_grads.gradients[0].detach().numpy()
        raw = cam.get_cam_image(
            batch, network.get_submodule(layer), targets, feature, gradient, False
        )
    return np.asarray(raw)[0]


@pytest.mark.parametrize("method", GRAD_CAM_CLASSES)
def test_maps_equal_those_of_pytorch_grad_cam(case, method):
    network, batch, maps, _ = case
    for layer, found in maps[method].items():
        raw = pytorch_grad_cam(method, network, batch, layer)
        both = [normalised(np.maximum(turn * raw, 0)) for turn in (1, -1)]
        eigen = "eigen" in method  # a principal direction has no sign of its own
        errors = [np.abs(normalised(found[0]) - other).max() for other in both]
        assert min(errors if eigen else errors[:1]) < 1e-4, (layer, errors)


@pytest.mark.parametrize("method", TORCHCAM_CLASSES)
def test_maps_equal_those_of_torchcam(case, method):
    from torchcam import methods

    network, batch, maps, _ = case
    for layer, found in maps[method].items():
        with getattr(methods, TORCHCAM_CLASSES[method])(network, layer) as extractor:
            scores = network(batch.clone().requires_grad_())
            other = extractor(3, scores, normalized=True)[0][0].detach().numpy()
        assert np.abs(normalised(found[0]) - other).max() < 1e-4, layer


@pytest.mark.parametrize(
    ("make", "name", "size"), [(theirs, "resnet18", 32), (ours, "resnet56", 16)]
)
def test_score_cam_equals_torchcam(make, name, size):
    from torchcam.methods import ScoreCAM

    network, blocks = make(name, size)
    batch, layer = images(1, size), blocks[len(blocks) // 3]
    with ScoreCAM(network, layer, batch_size=64) as extractor, torch.no_grad():
        other = extractor(3, network(batch), normalized=True)[0][0].numpy()
    found = explain(network, batch, "score-cam", layer=layer, target=3)
    assert np.abs(normalised(found.map) - other).max() < 1e-4


def test_ablation_cam_equals_pytorch_grad_cam():
    from pytorch_grad_cam import AblationCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    network, _ = theirs("resnet18", 32)
    batch, layer = images(1, 32), "layer1.1"
    target = int(network(batch)[0].argmax())  # a positive score: theirs turns over below zero
    found = explain(network, batch, "ablation-cam", layer=layer, target=target)
    with contextlib.redirect_stderr(io.StringIO()):
        feature = analyze(network, batch, layers=[layer]).features[layer]
        cam = AblationCAM(network, [network.get_submodule(layer)])
        weights = cam.get_cam_weights(
            batch, network.layer1[1], [ClassifierOutputTarget(target)], feature, None
        )
        cam.activations_and_grads.release()
    other = np.maximum(np.einsum("nc,nchw->hw", weights, feature), 0)
    assert np.abs(normalised(found.map) - normalised(other)).max() < 1e-4


def test_activation_norm_is_the_norm_over_channels(case):
    *_, maps, analysis = case
    for layer, found in maps[MethodName.ACTIVATION_NORM].items():
        expected = np.linalg.norm(analysis.features[layer], axis=1)
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_family_of_an_analysis_is_what_explain_finds_alone():
    network, batch = small(), images(1)
    analysis = analyze(network, batch, target=2, layers=["layer2.1"], gradients=True)
    for method, maps in class_activation_maps(analysis).items():
        alone = explain(network, batch, method, layer="layer2.1", target=2)
        np.testing.assert_allclose(maps["layer2.1"][0], alone.map, rtol=1e-4, atol=1e-7)


def test_every_member_of_the_family_is_in_the_table():
    assert {m.name for m in METHODS.values() if m.family == "cam"} == set(cam_formulas())


def test_an_analysis_without_gradients_says_what_to_do():
    analysis = analyze(small(), images(1))
    with pytest.raises(OptionError, match="gradients=True"):
        class_activation_maps(analysis)
    assert not analysis.activation_gradients


def test_a_layer_without_positions_is_refused():
    analysis = analyze(small(), images(1), gradients=True)
    with pytest.raises(LayerError, match="fc"):
        class_activation_maps(analysis, layers=["fc"])
