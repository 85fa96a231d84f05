"""The bundled excerpt of CIFAR-10's test set, and when it is used."""

import socket
from pathlib import Path

import numpy as np
import pytest
import torch

from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.core.errors import OptionError
from resnet_viz.core.places import cifar10_folders
from resnet_viz.core.text import Text
from resnet_viz.datasets import cifar10_images
from resnet_viz.datasets.cifar10_images import (
    EXCERPT,
    cifar10_test,
    excerpt,
    first_test_images,
    is_excerpt,
)
from resnet_viz.datasets.local_sets import local_sets, local_test_set, set_of
from resnet_viz.datasets.named import DIGITS, read_sheet
from resnet_viz.experiments.measures.batches import Images
from resnet_viz.experiments.registry import EXPERIMENTS
from resnet_viz.experiments.remarks import remarks
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES
from resnet_viz.spec import NetworkSpec
from scripts.cifar10_excerpt import contact_sheet, missing

#: The experiments on CIFAR-10's test images, with settings that take under a second.
BRIEF = {"images": 10, "batch": 10, "draws": 2, "points": 3}
WITH_IMAGES = [name for name, row in EXPERIMENTS.items() if hasattr(row.config, "source")]


@pytest.fixture
def stranger(monkeypatch):
    """A machine without CIFAR-10 and without a network."""

    def refuse(*_):
        raise OSError("no network")

    monkeypatch.setattr(cifar10_images, "cifar10_folders", lambda: [Path("nowhere")])
    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_the_excerpt_has_a_hundred_images_of_each_class_in_two_megabytes():
    images = excerpt()
    assert images.images.shape == (1000, 3, 32, 32)
    assert images.counts(10) == [100] * 10
    assert sum(path.stat().st_size for path in EXCERPT.rglob("*")) < 2_200_000
    readme = (EXCERPT / "README.md").read_text("utf-8")
    assert "Krizhevsky" in readme
    assert "1,000 of" in readme


def test_the_excerpt_is_the_beginning_of_each_whole_sheet():
    folder = next((f for f in cifar10_folders() if f.is_dir()), None)
    if folder is None:
        pytest.skip("CIFAR-10's contact sheets are not on this machine")
    whole, part = (read_sheet(root / "test" / "cat.webp") for root in (folder, EXCERPT))
    assert torch.equal(whole[:100], part)


def test_a_contact_sheet_is_read_back_and_a_foreign_image_is_missed():
    few = excerpt().at(torch.arange(100))
    sheet = contact_sheet(few.images)
    assert np.array_equal(sheet[32:64, 32:64], few.images[51].permute(1, 2, 0))
    changed = few.at(torch.arange(3))
    changed.images[0, 0, 0, 0] ^= 1
    assert missing(changed, few) == 1


def test_without_the_whole_set_the_excerpt_is_used(stranger):
    assert is_excerpt()
    assert torch.equal(cifar10_test().images, excerpt().images)
    assert local_test_set("cifar10").name == "cifar10-excerpt"
    assert {"cifar10", "digits"} <= set(local_sets())
    assert first_test_images(20).labels.tolist() == [*range(10)] * 2
    with pytest.raises(OptionError, match=r"1,001 test images .* 1,000 of CIFAR-10's 10,000"):
        first_test_images(1001)


def test_what_torchvision_has_downloaded_is_the_whole_set(stranger, tmp_path, monkeypatch):
    from torchvision import datasets

    class Made:
        def __init__(self, root, train, download):
            assert (train, download) == (False, False)
            self.data = np.zeros((20, 32, 32, 3), np.uint8)
            self.targets = [*range(10)] * 2

    monkeypatch.setenv("RESNET_VIZ_HOME", str(tmp_path))
    batch = tmp_path / "torchvision" / "cifar-10-batches-py" / "test_batch"
    batch.parent.mkdir(parents=True)
    batch.write_bytes(b"")
    monkeypatch.setattr(datasets, "CIFAR10", Made)
    cifar10_images._read_download.cache_clear()
    assert not is_excerpt()
    assert len(cifar10_test()) == 20
    assert local_test_set("cifar10").name == "cifar10"
    cifar10_images._read_download.cache_clear()


@pytest.mark.skipif(not {"resnet20", "plain20"} <= set(bundled_names()), reason="no bundled twins")
@pytest.mark.parametrize("name", WITH_IMAGES)
def test_an_experiment_on_test_images_runs_offline(name, stranger):
    row = EXPERIMENTS[name]
    brief = {key: value for key, value in BRIEF.items() if hasattr(row.config, key)}
    *_, last = row.run(row.settings({"depth": 20, **brief}))
    assert last.settings["source"] == Images.CIFAR10
    assert last.progress == 1
    assert Text("en")("experiments.images_used", images="10") in remarks(last, Text("en"))


@pytest.mark.parametrize(
    ("shape", "classes", "expected"),
    [
        ((3, 32), CIFAR10_CLASSES, "cifar10"),
        ((1, 8), DIGITS, "digits"),
        ((1, 28), DIGITS, "mnist"),
        ((3, 32), tuple("abcdefghij"), None),
        ((1, 32), CIFAR10_CLASSES, None),
    ],
)
def test_a_network_belongs_to_a_set_by_its_input_and_classes(shape, classes, expected):
    channels, size = shape
    spec = NetworkSpec.preset("resnet20")
    changed = NetworkSpec.from_dict(
        {**spec.to_dict(), "input_channels": channels, "input_size": size, "classes": len(classes)}
    )
    assert set_of(changed, classes) == expected
