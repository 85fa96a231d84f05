"""Single channels: their share of a map, top crops, and activation maximisation."""

import numpy as np
import pytest
import torch

from resnet_viz import NetworkRef, NetworkSpec, analyze, build, load
from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.core.errors import LayerError, OptionError
from resnet_viz.core.places import cifar10_folders
from resnet_viz.datasets.load_dataset import load_dataset
from resnet_viz.explain.channels.channel_shares import channel_shares
from resnet_viz.explain.channels.maximise import COLOURS, Ascent, Goal, maximise
from resnet_viz.explain.channels.top_crops import receptive_field, top_crops
from resnet_viz.explain.raw_map import PassesDone
from resnet_viz.explain.stopping import Cancelled, stopping
from resnet_viz.pictures.preprocess import normalise, preprocessing_for
from resnet_viz.pictures.samples import sample_batch
from resnet_viz.records import WeightSource
from tests.probe.hand_made import images, small


@pytest.fixture(scope="module")
def loaded():
    network = small()
    return LoadedNetwork(network, WeightSource.RANDOM, "random", tuple("abcde"),
                         preprocessing_for(network.spec), {})  # fmt: skip


@pytest.fixture(scope="module")
def tiles():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (120, 3, 16, 16), generator=generator, dtype=torch.uint8)


def test_shares_of_all_channels_make_up_the_map():
    analysis = analyze(small(), images(1), target=1, layers=["layer1.0", "layer2.1"])
    for layer in ("layer1.0", "layer2.1"):
        found = channel_shares(analysis, layer)
        if analysis.cams[layer].any():
            assert sum(one.share for one in found) == pytest.approx(1, abs=1e-4)
        assert [one.share for one in found] == sorted((o.share for o in found), reverse=True)
        assert {one.channel for one in found} == set(range(len(found)))


def test_a_blank_map_has_no_shares():
    network = small()
    network.fc.weight.data.fill_(-1)
    analysis = analyze(network, images(1), target=0, layers=["layer2.1"])
    found = channel_shares(analysis, "layer2.1")
    assert not any(one.share for one in found)
    assert abs(found[0].weight) == max(abs(one.weight) for one in found)


def test_crops_are_where_the_activation_is_highest(loaded, tiles):
    *steps, crops = top_crops(loaded, tiles, ["x"] * 120, "layer1.0", [2, 0], count=3)
    assert steps[-1] == PassesDone(120, 120)
    batch = normalise(tiles, loaded.preprocessing)
    feature = analyze(loaded.network, batch, layers=["layer1.0"]).features["layer1.0"]
    for number, channel in enumerate([2, 0]):
        best = np.argsort(-feature[:, channel].max((1, 2)), kind="stable")[:3]
        own = crops[3 * number : 3 * number + 3]
        assert [crop.image for crop in own] == best.tolist()
        for crop in own:
            assert crop.channel == channel
            value = feature[crop.image, channel, crop.row, crop.column]
            assert crop.value == pytest.approx(float(value), rel=1e-4)
            assert (crop.pixels == tiles[crop.image].permute(1, 2, 0).numpy()).all()


@pytest.mark.parametrize("layer", ["conv1", "layer1.0", "layer2.0"])
def test_nothing_outside_the_box_matters(layer):
    """The oracle: the gradient of one position with respect to the input."""
    network = build(NetworkSpec(depths=(1, 1), widths=(4, 8), input_size=32, classes=3), seed=0)
    network.eval()
    side, stride = receptive_field(network.spec, layer)
    batch = images(1, 32).requires_grad_()
    values = {}

    def keep(name, value):
        values[name] = value
        return value

    for parameter in network.parameters():
        parameter.data.abs_()  # no path is cut by a ReLU, and none cancels another
    network(batch.abs(), keep)
    row = values[layer].shape[2] // 2
    slope = torch.autograd.grad(values[layer][0, :, row, row].sum(), batch)[0][0].abs().sum(0)
    touched = slope.nonzero()
    low, high = int(touched.min()), int(touched.max())
    assert row * stride - side // 2 <= low
    assert high < row * stride - side // 2 + side
    assert high - low + 1 >= side - 2 * stride


def test_a_layer_without_positions_is_refused(loaded, tiles):
    with pytest.raises(LayerError):
        list(top_crops(loaded, tiles[:2], ["x"] * 2, "fc", [0]))
    with pytest.raises(LayerError):
        next(maximise(loaded, Goal("fc", 0)))
    with pytest.raises(OptionError, match="0 to 7"):
        next(maximise(loaded, Goal("layer2.1", 8)))
    with pytest.raises(OptionError, match="steps"):
        next(maximise(loaded, Goal("layer2.1", 0, steps=0)))


def test_the_activation_rises_and_is_that_of_the_picture(loaded):
    steps = list(maximise(loaded, Goal("layer2.1", 1, steps=48)))
    assert len(steps) == 48
    assert steps[-1].activation > 1.5 * steps[0].activation
    shown = [step for step in steps if step.pixels is not None]
    assert [step.step for step in shown] == [16, 32, 48]
    tile = torch.from_numpy(shown[-1].pixels).permute(2, 0, 1)[None]
    batch = normalise(tile, loaded.preprocessing)
    feature = analyze(loaded.network, batch, layers=["layer2.1"]).features["layer2.1"]
    assert shown[-1].still == pytest.approx(float(feature[0, 1].mean()), rel=0.05)


def test_a_stopped_maximisation_goes_on_to_the_same_picture(loaded, tmp_path):
    goal = Goal("layer2.1", 1, steps=20, seed=4)
    whole = list(maximise(loaded, goal))
    state = Ascent.begin(16, 3, goal.seed)
    asked = iter([False] * 7 + [True])
    with pytest.raises(Cancelled), stopping(lambda: next(asked)):
        list(maximise(loaded, goal, state))
    state.save(tmp_path / "state.npz")
    rest = list(maximise(loaded, goal, Ascent.load(tmp_path / "state.npz")))
    assert rest[0].step == 8
    assert (rest[-1].pixels == whole[-1].pixels).all()


@pytest.mark.skipif(
    not any(folder.is_dir() for folder in cifar10_folders()),
    reason="CIFAR-10 does not lie beside the repository",
)
@pytest.mark.slow
def test_colours_of_a_maximisation_are_the_principal_directions_of_photographs():
    pixels = load_dataset("cifar10").train.images.transpose(0, 1).flatten(1)[:, ::97]
    values, directions = np.linalg.eigh(np.cov(pixels.numpy() / 255))
    measured = (directions * np.sqrt(values))[:, ::-1]
    measured *= np.sign(measured[0]) / np.linalg.norm(measured, axis=0).max()
    np.testing.assert_allclose(measured, COLOURS, atol=0.01)


def test_a_maximisation_excites_more_than_photographs_and_keeps_its_greys():
    trained = load(NetworkRef.parse("resnet20"))
    layer, channel = trained.network.spec.blocks()[-1], 21
    batch = sample_batch(trained.preprocessing)
    known = analyze(trained.network, batch, layers=[layer]).features[layer][:, channel]
    *_, last = maximise(trained, Goal(layer, channel, steps=96))
    assert last.still > 2 * known.mean((1, 2)).max()
    assert ((last.pixels > 0) & (last.pixels < 255)).mean() > 0.95
