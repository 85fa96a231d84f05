"""Keras files are read without Keras: names, order of dimensions, epsilon, formats."""

import io
import json
import zipfile

import h5py
import numpy as np
import pytest
import torch

from resnet_viz import load_checkpoint
from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.core.errors import CheckpointError
from resnet_viz.datasets.cifar10_images import first_test_images
from tests.source import ROOT

SHARED = ROOT.parent / "shared"
KERNEL = np.arange(3 * 3 * 2 * 4, dtype=np.float32).reshape(3, 3, 2, 4)
MEAN = np.ones(4, np.float32)
LAYERS = {
    "conv2d": {"kernel": KERNEL, "bias": MEAN},
    "batch_normalization": {"gamma": MEAN, "beta": MEAN * 2, "moving_mean": MEAN * 3,
                            "moving_variance": MEAN * 4},
    "dense": {"kernel": KERNEL[0, 0, :, :3], "bias": MEAN[:3]},
}  # fmt: skip
CONFIG = {"class_name": "Functional", "config": {"layers": [
    {"class_name": "Conv2D", "config": {"name": "conv2d"}},
    {"class_name": "BatchNormalization",
     "config": {"name": "batch_normalization", "epsilon": 1.001e-5}},
    {"class_name": "Dense", "config": {"name": "dense"}},
]}}  # fmt: skip


def keras_2(path):
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(CONFIG)
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in LAYERS]
        for name, arrays in LAYERS.items():
            for part, values in arrays.items():
                group[f"{name}/{name}/{part}:0"] = values


def keras_3(target):
    with h5py.File(target, "w") as file:
        for name, arrays in LAYERS.items():
            for number, values in enumerate(arrays.values()):
                file[f"layers/{name}/vars/{number}"] = values


def archive(path):
    content = io.BytesIO()
    keras_3(content)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", json.dumps(CONFIG))
        file.writestr("model.weights.h5", content.getvalue())


FORMS = {"w.h5": keras_2, "w.weights.h5": keras_3, "w.keras": archive}


@pytest.mark.parametrize("name", FORMS)
def test_a_keras_file_becomes_tensors_of_pytorch(name, tmp_path):
    FORMS[name](tmp_path / name)
    found = read_weights(tmp_path / name).tensors
    kernel, dense = found["conv2d.weight"], found["dense.weight"]
    assert kernel.shape == (4, 2, 3, 3)
    assert float(kernel[1, 0, 2, 1]) == KERNEL[2, 1, 0, 1]
    assert torch.equal(dense, torch.from_numpy(LAYERS["dense"]["kernel"]).T)
    epsilon = 1e-3 if name == "w.weights.h5" else 1.001e-5  # without a config, Keras's own
    variance = found["batch_normalization.running_var"]
    assert torch.allclose(variance + 1e-5, torch.full((4,), 4 + epsilon), rtol=0, atol=1e-6)
    assert float(found["batch_normalization.running_mean"][0]) == 3


def test_layers_are_put_in_order_by_their_numbers(tmp_path):
    with h5py.File(tmp_path / "w.weights.h5", "w") as file:
        for number in (10, 9, 0):
            name = f"conv2d_{number}" if number else "conv2d"
            file[f"layers/{name}/vars/0"] = KERNEL
    names = [*read_weights(tmp_path / "w.weights.h5").tensors]
    assert names == [f"{n}.weight" for n in ("conv2d", "conv2d_9", "conv2d_10")]


def test_a_link_to_another_file_is_refused(tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [b"conv2d"]
        group.create_group("conv2d")["kernel:0"] = h5py.ExternalLink("/etc/passwd", "/x")
    with pytest.raises(CheckpointError, match="damaged"):
        read_weights(tmp_path / "w.h5")


def test_arrays_of_numpy_are_read_and_objects_are_not(tmp_path):
    np.savez(tmp_path / "w.npz", **{"root/conv/kernel": KERNEL, "head/bias": MEAN})
    found = read_weights(tmp_path / "w.npz").tensors
    assert found["conv.weight"].shape == (4, 2, 3, 3)
    np.savez(tmp_path / "o.npz", evil=np.array([{}], dtype=object))
    with pytest.raises(CheckpointError, match="damaged"):
        read_weights(tmp_path / "o.npz")


PUBLISHED = {"keras-resnet8.h5": 0.8, "zeros-behind-resnet20.pt": 0.85}


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared, which is not in the repository")
@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_network_answers_as_it_was_trained(name):
    """MLPerf Tiny's ResNet-8 with TensorFlow's padding; a ResNet-20 with its zeros behind."""
    loaded = load_checkpoint(SHARED / "checkpoints" / name)
    data = first_test_images(200)
    images, labels = data.images.float() / 255, data.labels
    mean, deviation = (
        torch.tensor(values).view(3, 1, 1)
        for values in (loaded.preprocessing.mean, loaded.preprocessing.deviation)
    )
    with torch.no_grad():
        answers = loaded.network((images - mean) / deviation).argmax(1)
    assert float((answers == labels).float().mean()) > PUBLISHED[name]
