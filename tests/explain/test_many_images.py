"""Batches and loaders are explained image by image, and baselines by name."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from resnet_viz import Explanations, NetworkRef, NetworkSpec, explain, load, sample_picture
from resnet_viz.core.errors import NetworkError, OptionError, TargetError
from tests.probe.hand_made import images, small


def loader(labels=True):
    data = [images(3), *([torch.tensor([4, 0, 2])] if labels else [])]
    return DataLoader(TensorDataset(*data), batch_size=2)


def alone(place, target):
    return explain(small(), images(3)[place : place + 1], "hires-cam", target=target)


@pytest.mark.parametrize("given", ["batch", "loader", "generator"])
def test_each_image_is_explained_as_if_it_were_alone(given):
    batches = {
        "batch": images(3),
        "loader": loader(labels=False),
        "generator": iter([images(3)[:2], images(3)[2:]]),
    }
    found = explain(small(), batches[given], "hires-cam", target=1, progress=False)
    assert isinstance(found, Explanations)
    for place, one in enumerate(found):
        np.testing.assert_array_equal(one.map, alone(place, 1).map)
    assert found.maps.shape == (3, 8, 8)
    assert found.labels is None


def test_a_batch_may_have_a_target_for_each_image():
    found = explain(small(), images(3), "hires-cam", target=torch.tensor([4, 0, 2]), progress=False)
    assert found.targets == (4, 0, 2)
    np.testing.assert_array_equal(found[1].map, alone(1, 0).map)
    with pytest.raises(TargetError, match="3 images"):
        explain(small(), images(3), target=[1, 2])


def test_a_loader_brings_the_true_classes():
    found = explain(small(), loader(), "hires-cam", target="label", progress=False)
    assert found.labels == found.targets == (4, 0, 2)
    frame = found.to_frame()
    assert frame["true_class"].tolist() == [4, 0, 2]
    top = explain(small(), loader(), progress=False)
    assert top.labels == (4, 0, 2)
    assert top.targets == tuple(explain(small(), images(3), progress=False).targets)


def test_the_bar_counts_images_and_can_be_switched_off(capsys):
    explain(small(), loader())
    assert "3/3" in capsys.readouterr().err
    explain(small(), loader(), progress=False)
    explain(small(), images(1))
    assert capsys.readouterr().err == ""


def test_a_stream_without_a_length_works_too():
    class Stream(IterableDataset):
        def __iter__(self):
            return iter(images(2))

    assert len(explain(small(), DataLoader(Stream(), batch_size=1), progress=False)) == 2


def test_several_inputs_stay_together():
    class Both(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = small()

        def forward(self, first, second):
            return self.net(first + second)

    first, second = images(2), images(2, seed=5)
    network = Both().eval()
    found = explain(network, (first, second), "saliency", target=0, progress=False)
    expected = explain(network, (first[1:], second[1:]), "saliency", target=0)
    np.testing.assert_array_equal(found[1].map, expected.map)


@pytest.mark.parametrize(
    ("batches", "target", "error", "words"),
    [
        (lambda: images(2), "label", TargetError, "without labels"),
        (lambda: loader(labels=False), "label", TargetError, "without labels"),
        (loader, "cat", TargetError, "cat"),
        (loader, [1, 2], TargetError, "in common"),
        (lambda: [images(1)], None, NetworkError, "list"),
        (lambda: iter(["a.jpg"]), None, NetworkError, "str"),
        (lambda: iter([{"pixels": 1}]), None, NetworkError, "dict"),
    ],
)
def test_other_batches_and_targets_are_one_sentence(batches, target, error, words):
    with pytest.raises(error, match=words):
        explain(small(), batches(), target=target, progress=False)


def test_pictures_of_a_loaded_network_need_no_preparation():
    loaded = load(NetworkRef(NetworkSpec(depths=(1,), widths=(4,))))
    picture = sample_picture("automobile")
    found = explain(loaded, [picture, picture], progress=False)
    np.testing.assert_array_equal(found[0].map, explain(loaded, picture).map)
    assert found[0].classes == loaded.classes
    with pytest.raises(NetworkError, match="to_batch"):
        explain(loaded.network, picture)


def test_maps_of_different_sizes_are_no_array():
    sizes = iter([images(1, 16), images(1, 24)])
    found = explain(small(), sizes, progress=False)
    with pytest.raises(OptionError, match="different sizes"):
        found.maps  # noqa: B018


@pytest.mark.parametrize("method", ["integrated-gradients", "deep-lift"])
@pytest.mark.parametrize("name", ["zero", "mean", "blur", "own"])
def test_attributions_add_up_to_the_difference_from_every_baseline(method, name):
    network, image = small(), images(1)
    own = torch.full((3, 1, 1), 0.3)
    found = explain(network, image, method, baseline=own if name == "own" else name, target=1)
    assert found.baseline == name
    assert (found.baseline_values is not None) == (name == "own")
    if name == "own":
        with torch.no_grad():
            expected = float((network(image) - network(own.expand(1, 3, 16, 16)))[0, 1])
        assert found.completeness.difference == pytest.approx(expected, abs=1e-4)
    elif name == "mean":
        mean = image.mean((2, 3), keepdim=True).expand_as(image)
        with torch.no_grad():
            expected = float((network(image) - network(mean))[0, 1])
        assert found.completeness.difference == pytest.approx(expected, abs=1e-4)
    assert found.completeness.error < 0.05


def test_a_baseline_is_refused_where_it_means_nothing():
    with pytest.raises(OptionError, match="integrated-gradients"):
        explain(small(), images(1), baseline="zero")
    with pytest.raises(OptionError, match="blur"):
        explain(small(), images(1), "occlusion", baseline="noise")
    with pytest.raises(OptionError, match="3x16x16"):
        explain(small(), images(1), "occlusion", baseline=torch.zeros(7))


def test_occlusion_of_the_image_itself_changes_nothing():
    image = images(1)
    found = explain(small(), image, "occlusion", baseline=image)
    np.testing.assert_allclose(found.map, 0, atol=1e-5)
