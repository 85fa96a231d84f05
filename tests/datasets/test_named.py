"""Named data sets: their contents, and errors for damaged files."""

import gzip

import numpy as np
import pytest
import torch
from PIL import Image

from resnet_viz import NetworkSpec
from resnet_viz.core.errors import DataError, DownloadError
from resnet_viz.core.places import cifar10_folders, fashion_mnist_folder
from resnet_viz.datasets import named as sources
from resnet_viz.datasets.load_dataset import load_dataset
from resnet_viz.datasets.named import from_sheets, read_idx, read_sheet
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING, normalise

# Contact sheets.


def test_a_sheet_is_read_row_by_row(tmp_path):
    tiles = np.zeros((100, 32, 32, 3), np.uint8)
    tiles[:, 3, 5] = np.arange(100)[:, None] * [1, 2, 0] + [0, 0, 7]
    pixels = tiles.reshape(2, 50, 32, 32, 3).transpose(0, 2, 1, 3, 4).reshape(64, 1600, 3)
    Image.fromarray(pixels).save(tmp_path / "cat.webp", lossless=True, exact=True)
    got = read_sheet(tmp_path / "cat.webp")
    assert torch.equal(got, torch.from_numpy(tiles.transpose(0, 3, 1, 2).copy()))


@pytest.mark.parametrize("damage", ["missing", "text", "truncated", "wrong size", "png"])
def test_a_damaged_sheet_is_one_sentence(tmp_path, damage):
    path = tmp_path / "cat.webp"
    good = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 1600, 3), np.uint8))
    match damage:
        case "text":
            path.write_text("hello")
        case "truncated":
            good.save(path, lossless=True)
            path.write_bytes(path.read_bytes()[:5000])
        case "wrong size":
            good.resize((1500, 64)).save(path, lossless=True)
        case "png":
            good.save(path, "PNG")
    with pytest.raises(DataError, match=r"cat\.webp"):
        read_sheet(path)


@pytest.fixture(scope="module")
def sheets():
    folder = next((f for f in cifar10_folders() if f.is_dir()), None)
    if folder is None:
        pytest.skip("CIFAR-10's contact sheets are not on this machine")
    return folder


def test_the_real_test_sheets_hold_ten_thousand_images(sheets):
    images = from_sheets(sheets, ("test",))
    assert images.images.shape == (10_000, 3, 32, 32)
    assert images.counts(10) == [1000] * 10
    pixels = images.images[::10].float() / 255
    for got, told in (
        (pixels.mean((0, 2, 3)), CIFAR_PREPROCESSING.mean),
        (pixels.transpose(0, 1).flatten(1).std(1), CIFAR_PREPROCESSING.deviation),
    ):
        assert got.tolist() == pytest.approx(told, abs=0.015)


def test_the_real_training_sheets_hold_fifty_thousand_images(sheets):
    """By the size in each file's header; decoding them takes a minute."""
    tiles = []
    for part in ("train-1", "train-2"):
        for name in CIFAR10_CLASSES:
            with Image.open(sheets / part / f"{name}.webp") as sheet:
                width, height = sheet.size
            assert width == 50 * 32
            tiles.append(50 * height // 32)
    assert tiles == [2500] * 20


# Grey sets.


def idx(path, values):
    head = bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape)
    with gzip.open(path, "wb") as file:
        file.write(head + values.astype(np.uint8).tobytes())


def test_an_idx_file_is_read(tmp_path):
    values = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    idx(tmp_path / "a.gz", values)
    assert torch.equal(read_idx(tmp_path / "a.gz"), torch.from_numpy(values))


@pytest.mark.parametrize("damage", ["missing", "text", "cut", "short", "empty"])
def test_a_damaged_idx_file_is_one_sentence(tmp_path, damage):
    path = tmp_path / "a.gz"
    if damage != "missing":
        idx(path, np.zeros((9, 9)))
    match damage:
        case "text":
            path.write_text("hello")
        case "cut":
            path.write_bytes(path.read_bytes()[:20])
        case "short":
            with gzip.open(path, "wb") as file:
                file.write(bytes([0, 0, 8, 1, 0, 0, 1, 0, 7]))
        case "empty":
            path.write_bytes(gzip.compress(b""))
    with pytest.raises(DataError, match=r"a\.gz"):
        read_idx(path)


@pytest.mark.skipif(
    not fashion_mnist_folder().is_dir(), reason="Fashion-MNIST is not on this machine"
)
def test_the_real_fashion_mnist():
    data = load_dataset("fashion-mnist")
    assert data.train.images.shape == (60_000, 1, 28, 28)
    assert data.train.counts(10) == [6000] * 10
    assert data.test.counts(10) == [1000] * 10
    assert data.preprocessing.mean == pytest.approx((0.286,), abs=0.003)
    assert data.preprocessing.deviation == pytest.approx((0.353,), abs=0.003)


def test_digits_are_always_there_and_split_evenly():
    data = load_dataset("digits")
    assert data.train.images.shape[1:] == (1, 8, 8)
    assert len(data.train) + len(data.test) == 1797
    assert data.train.images.max() == 255
    assert min(data.test.counts(10)) >= 34
    spec = data.fitted(NetworkSpec.preset("resnet20"))
    assert (spec.input_size, spec.input_channels, spec.classes) == (8, 1, 10)
    assert spec.depth == 20
    normal = normalise(data.train.images, data.preprocessing)
    assert normal.mean().item() == pytest.approx(0, abs=0.02)
    assert normal.std().item() == pytest.approx(1, abs=0.02)


def test_offline_is_one_sentence_with_the_folder(tmp_path, monkeypatch):
    from urllib.error import URLError

    from torchvision import datasets

    def offline(*args, **kwargs):
        raise URLError("no route")

    monkeypatch.setenv("RESNET_VIZ_HOME", str(tmp_path))
    monkeypatch.setattr(datasets, "CIFAR100", offline)
    with pytest.raises(DownloadError, match=r"CIFAR-100.*torchvision"):
        load_dataset("cifar100")


def test_a_torchvision_set_becomes_channels_first(monkeypatch):
    from torchvision import datasets

    class Made:
        classes = ("a", "b")

        def __init__(self, root, train, download):
            self.data = np.arange(4 * 8 * 8 * 3, dtype=np.uint8).reshape(4, 8, 8, 3)
            self.targets = [0, 1, 0, 1]

    monkeypatch.setattr(datasets, "CIFAR100", Made)
    data = sources.cifar100()
    assert data.train.images.shape == (4, 3, 8, 8)
    assert data.train.images[1, 2, 3, 4] == (192 + 3 * 24 + 4 * 3 + 2) % 256


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(DataError, match=r"cifar10.*digits"):
        load_dataset("imagenet")
