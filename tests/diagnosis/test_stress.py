"""Resizing and precision: each change does what it is called, and the costly layer is found."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from resnet_viz.core.errors import NetworkError
from resnet_viz.diagnosis.checks.resizing import RESIZINGS
from resnet_viz.diagnosis.checks.rounding import FORMATS, rounded_layers, underflow
from resnet_viz.diagnosis.diagnose import identified
from resnet_viz.diagnosis.stress import stress
from resnet_viz.pictures.decode import Picture
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING, IMAGENET_PREPROCESSING, seen
from resnet_viz.pictures.samples import sample_batch
from resnet_viz.records import Stress
from tests.checkpoints.identifying.test_wild import weights
from tests.report.test_checkpoint_code import SMALL


def picture(height=96, width=128):
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Picture(noise, "noise", "")


@pytest.fixture(scope="module")
def found():
    return identified(weights(SMALL))


@pytest.mark.parametrize("name", RESIZINGS)
def test_every_way_of_scaling_has_the_networks_size(name):
    for preprocessing in (CIFAR_PREPROCESSING, IMAGENET_PREPROCESSING):
        pixels = RESIZINGS[name](picture(), preprocessing)
        assert pixels.shape == (preprocessing.size, preprocessing.size, 3)
        assert pixels.dtype == np.uint8


def test_ways_of_scaling_are_those_they_are_called_after():
    """The square of 96 is a third of itself: nearest picks pixels, area averages nine."""
    square = picture().pixels[:, 16:112].astype(float)
    scaled = {name: RESIZINGS[name](picture(), CIFAR_PREPROCESSING) for name in RESIZINGS}
    assert (scaled["opencv_nearest"] == square[::3, ::3]).all()
    nine = square.reshape(32, 3, 32, 3, 3).mean((1, 3))
    assert np.abs(scaled["opencv_area"] - nine).max() <= 0.5
    assert (scaled["opencv_linear"] == square[1::3, 1::3]).all()  # the centre, no antialiasing
    usual = seen(picture(), CIFAR_PREPROCESSING)
    assert usual.std() < 0.8 * scaled["opencv_linear"].std()  # antialiasing averages noise
    whole = Image.fromarray(picture().pixels).resize((32, 32), Image.Resampling.BILINEAR)
    assert (scaled["squashed"] == np.asarray(whole)).all()


def test_formats_round_as_they_are_called():
    weight = torch.tensor([[1.0, -0.5], [1e-3, 2e-3]])
    per_tensor, per_channel = (FORMATS[f"int8_{way}"](weight) for way in ("tensor", "channel"))
    assert torch.allclose(per_tensor[1], torch.tensor([0.0, 0.0]))
    assert torch.allclose(per_channel[1], weight[1], rtol=0.01)
    assert torch.equal(FORMATS["fp16"](weight), weight.half().float())
    assert torch.equal(FORMATS["int8_tensor"](torch.zeros(2, 2)), torch.zeros(2, 2))
    bias = torch.tensor([0.123456789])
    assert torch.equal(FORMATS["int8_tensor"](bias), bias)
    assert underflow(torch.tensor([1e-8, 0.0, 1.0])) == 1


def test_the_layer_with_an_outlier_costs_most_and_nothing_is_changed(found):
    network = found.network
    before = {key: value.clone() for key, value in network.state_dict().items()}
    with torch.no_grad():
        network.get_submodule("layer2.0.conv2").weight[0, 0, 0, 0] = 60.0
    batch = sample_batch(CIFAR_PREPROCESSING)[:4]
    rows = list(rounded_layers(network, batch, 1e6))
    worst = max(rows, key=lambda row: row.int8_tensor)
    assert worst.name == "layer2.0.conv2"
    assert worst.int8_channel < worst.int8_tensor
    assert all(row.fp16 < row.bf16 < row.int8_tensor for row in rows)
    network.load_state_dict(before)
    assert [row.fp16 for row in rounded_layers(network, batch, 1e12)] == [None] * len(rows)
    assert all(torch.equal(value, before[k]) for k, value in network.state_dict().items())


def test_the_whole_measurement(found, tmp_path):
    done = stress(found)
    assert isinstance(done, Stress)
    assert [row.change for row in done.resizing] == [*RESIZINGS]
    assert [row.change for row in done.precision] == [*FORMATS]
    by_name = {row.change: row for row in done.precision}
    assert by_name["fp16"].moved < by_name["int8_tensor"].moved < 0.5
    assert done.contract()["costliest"] == done.costliest.name
    assert len(done.layers_frame()) == len(done.layers) == 6
    (tmp_path / "a").mkdir()
    for number in range(2):
        Image.fromarray(picture().pixels).save(tmp_path / "a" / f"{number}.png")
    assert stress(found, tmp_path).count == 2


def test_a_network_without_finite_answers_is_refused(found):
    from resnet_viz.networks.resnet.model import build

    broken = build(SMALL, seed=0)
    torch.nn.init.constant_(broken.fc.weight, torch.nan)
    with pytest.raises(NetworkError, match="finite answers"):
        stress(replace(found, network=broken.eval()))
