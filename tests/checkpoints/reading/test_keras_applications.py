"""Networks of keras.applications, with Keras 3 on its torch backend as the oracle."""

import os

import numpy as np
import pytest
import torch

from resnet_viz.checkpoints.fill import fill
from resnet_viz.checkpoints.identifying.candidates import candidates
from resnet_viz.checkpoints.identifying.identify import identify
from resnet_viz.checkpoints.identifying.normalisation import CAFFE, normalised_by
from resnet_viz.checkpoints.identifying.other_functions import with_keras_strides
from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.checkpoints.running_statistics import set_statistics
from resnet_viz.pictures.preprocess import ChannelOrder
from resnet_viz.pictures.samples import photographs
from resnet_viz.spec import Order, StrideOn

SIDE = 64
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def keras(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_BACKEND", "torch")
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        patch.setitem(os.environ, "TF_CPP_MIN_LOG_LEVEL", "3")
        yield pytest.importorskip("keras", reason="needs keras")


def tiny(keras, version):
    from keras.src.applications import resnet

    stack = resnet.stack_residual_blocks_v2 if version == 2 else resnet.stack_residual_blocks_v1
    first, last = ({"stride1": 1}, {}) if version == 1 else ({}, {"stride1": 1})

    def stages(x):
        x = stack(x, 4, 2, **first, name="conv2")
        return stack(x, 8, 2, **last, name="conv3")

    return resnet.ResNet(
        stages, version == 2, True, weights=None, input_shape=(SIDE, SIDE, 3), classes=7
    )


def lived_in(model):
    """Scales, shifts and statistics that are not the first ones."""
    random = np.random.default_rng(0)
    for weight in model.weights:
        if weight.path.endswith("moving_variance"):
            weight.assign(random.uniform(0.5, 2, weight.shape))
        elif len(weight.shape) == 1:
            old = weight.value.detach().numpy()
            weight.assign(old + random.normal(0, 0.2, weight.shape))
    return model


def candidate(tensors, version):
    """The candidate that has the strides of keras.applications."""
    found = [each for each in candidates(tensors) if each.whole]
    if version == 1:
        (ours,) = [each for each in found if each.spec.stride_on is StrideOn.CONV_1X1]
    else:
        assert Order.PRE in {each.spec.order for each in found}
        (ours,) = with_keras_strides(found)
    return ours


def trained_on_photographs(model, path, version):
    """Give the model the running statistics of photographs, and save it; returns its spec."""
    model.save(path)
    tensors = read_weights(path).tensors
    ours = candidate(tensors, version)
    network = fill(ours.spec, ours.tensors(tensors), "w")
    usual = {1: CAFFE, 2: "minus_one_to_one"}[version]
    set_statistics(network, photographs(normalised_by(ours.spec, usual)))
    for own, value in network.state_dict().items():
        layer, _, part = ours.keys.get(own, "").rpartition(".")
        if part == "running_mean":
            model.get_layer(layer).moving_mean.assign(value.numpy())
        if part == "running_var":
            model.get_layer(layer).moving_variance.assign(value.numpy())
    model.save(path)
    return ours.spec


@pytest.mark.parametrize("version", [1, 2])
def test_a_network_of_keras_is_identified_with_its_strides_and_its_input(version, keras, tmp_path):
    path = tmp_path / "tiny.keras"
    spec = trained_on_photographs(lived_in(tiny(keras, version)), path, version)
    found = identify(read_weights(path), "w")
    assert found.spec == spec
    assert found.sure
    assert found.normalisation == {1: "caffe", 2: "minus_one_to_one"}[version]
    assert found.preprocessing.order == {1: ChannelOrder.BGR, 2: ChannelOrder.RGB}[version]


def agrees(model, path, version):
    """Whether the file, read and built here, answers as the model does."""
    tensors = read_weights(path).tensors
    ours = candidate(tensors, version)
    images = np.random.default_rng(1).normal(size=(2, SIDE, SIDE, 3)).astype(np.float32)
    expected = model.predict(images, verbose=0)
    network = fill(ours.spec, ours.tensors(tensors), path.name)
    with torch.no_grad():
        got = network(torch.from_numpy(images).permute(0, 3, 1, 2)).softmax(1).numpy()
    return np.abs(got - expected).max() <= 1e-5


@pytest.mark.parametrize("version", [1, 2])
def test_small_networks_of_keras_give_their_own_answers(version, keras, tmp_path):
    model = lived_in(tiny(keras, version))
    for suffix in ("h5", "keras", "weights.h5"):
        path = tmp_path / f"tiny.{suffix}"
        (model.save_weights if suffix == "weights.h5" else model.save)(path)
        assert agrees(model, path, version), suffix


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ResNet50", "ResNet101", "ResNet152"])
@pytest.mark.parametrize("version", [1, 2])
def test_networks_of_keras_applications_give_their_own_answers(name, version, keras, tmp_path):
    make = getattr(keras.applications, name + ("V2" if version == 2 else ""))
    model = lived_in(make(weights=None, input_shape=(SIDE, SIDE, 3), classes=7))
    path = tmp_path / "network.weights.h5"
    model.save_weights(path)
    assert agrees(model, path, version)
