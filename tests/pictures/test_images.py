"""Pictures to batches: the crop, the size and the values."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms

from resnet_viz.pictures.decode import Picture
from resnet_viz.pictures.preprocess import (
    CIFAR_PREPROCESSING,
    IMAGENET_PREPROCESSING,
    normalise,
    photo,
    preprocessing_for,
    seen,
    to_batch,
)
from resnet_viz.pictures.samples import sample_batch, sample_picture, samples
from resnet_viz.spec import NetworkSpec, Stem


def picture(height, width, seed=0):
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return Picture(np.asarray(smooth), "made", "")


def test_normalised_pixels_are_exact():
    values = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).expand(1, 3, 16, 16)
    for preprocessing in (CIFAR_PREPROCESSING, IMAGENET_PREPROCESSING):
        got = normalise(values, preprocessing)
        mean = np.array(preprocessing.mean)[:, None, None]
        deviation = np.array(preprocessing.deviation)[:, None, None]
        exact = (values[0].numpy() / 255.0 - mean) / deviation
        assert got.dtype is torch.float32
        np.testing.assert_allclose(got[0].numpy(), exact, atol=1e-6)


def test_the_mean_colour_is_zero_and_one_deviation_is_one():
    pre = CIFAR_PREPROCESSING
    pixels = (
        [round(255 * m) for m in pre.mean],
        [round(255 * (m + d)) for m, d in zip(pre.mean, pre.deviation, strict=True)],
    )
    batch = normalise(torch.tensor(pixels, dtype=torch.uint8)[:, :, None, None], pre)
    assert batch[0].abs().max() < 0.01
    assert (batch[1] - 1).abs().max() < 0.02


def test_a_batch_is_float32_contiguous_and_in_order():
    one, two = (seen(picture(40, 40, seed), CIFAR_PREPROCESSING) for seed in (1, 2))
    batch = to_batch([one, two], CIFAR_PREPROCESSING)
    assert batch.shape == (2, 3, 32, 32)
    assert batch.is_contiguous()
    assert torch.equal(batch[:1], to_batch([one], CIFAR_PREPROCESSING))
    assert torch.equal(batch[1:], to_batch([two], CIFAR_PREPROCESSING))


def test_channels_are_red_green_blue():
    red = Picture(np.zeros((32, 32, 3), np.uint8) + np.array([255, 0, 0], np.uint8), "red", "")
    batch = to_batch([seen(red, CIFAR_PREPROCESSING)], CIFAR_PREPROCESSING)
    assert (batch[0, 0] > 0).all()
    assert (batch[0, 1:] < 0).all()


def test_a_picture_of_the_right_size_is_seen_pixel_by_pixel():
    same = picture(32, 32)
    np.testing.assert_array_equal(seen(same, CIFAR_PREPROCESSING), same.pixels)


def test_imagenet_sees_the_central_224_of_256():
    same = picture(256, 256)
    np.testing.assert_array_equal(seen(same, IMAGENET_PREPROCESSING), same.pixels[16:240, 16:240])


@pytest.mark.parametrize(("height", "width"), [(256, 400), (300, 500), (500, 300), (91, 130)])
def test_what_is_seen_is_what_torchvision_would_feed(height, width):
    """Torchvision rounds twice (resize, then crop); one step may differ by a little, not more."""
    given = picture(height, width)
    theirs = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224)])
    expected = np.asarray(theirs(Image.fromarray(given.pixels))).astype(float)
    ours = seen(given, IMAGENET_PREPROCESSING).astype(float)
    assert ours.shape == (224, 224, 3)
    assert np.abs(ours - expected).mean() < 3  # of 255; a shift by one pixel gives 8 and more


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 50), (50, 1), (2, 3)])
def test_tiny_pictures_are_enlarged(height, width):
    pixels = np.full((height, width, 3), 7, np.uint8)
    for preprocessing in (CIFAR_PREPROCESSING, IMAGENET_PREPROCESSING):
        got = seen(Picture(pixels, "tiny", ""), preprocessing)
        assert got.shape == (preprocessing.size, preprocessing.size, 3)
        assert (got == 7).all()


def test_eyes_and_network_see_the_same_part():
    """On a picture that tells where each of its pixels was."""
    y, x = np.mgrid[:300, :700]
    pixels = np.stack([x * 255 // 700, y * 255 // 300, 0 * x], 2).astype(np.uint8)
    given = Picture(pixels, "where", "")
    for preprocessing in (CIFAR_PREPROCESSING, IMAGENET_PREPROCESSING):
        small = seen(given, preprocessing).astype(float)
        large = photo(given, preprocessing, preprocessing.size * 2)
        reduced = np.asarray(Image.fromarray(large).reduce(2)).astype(float)
        assert np.abs(reduced - small)[2:-2, 2:-2].max() <= 1.5
        assert np.ptp(small[..., 0]) < 110  # the middle 300 of 700 columns
        assert abs(small[..., 0].mean() - 127) < 2


def test_preprocessing_follows_the_family_and_the_size():
    assert preprocessing_for(NetworkSpec.preset("resnet56")) == CIFAR_PREPROCESSING
    assert preprocessing_for(NetworkSpec.preset("plain50")) == IMAGENET_PREPROCESSING
    small = NetworkSpec(depths=(1,), widths=(8,), input_size=64, stem=Stem.IMAGENET)
    assert (preprocessing_for(small).size, preprocessing_for(small).resize) == (64, 73)


def test_the_sample_batch_is_every_photograph_and_its_mirror_image():
    batch = sample_batch(CIFAR_PREPROCESSING)
    half = len(samples())
    assert batch.shape == (2 * half, 3, 32, 32)
    torch.testing.assert_close(batch[half:], batch[:half].flip(3))
    first = seen(sample_picture(next(iter(samples()))), CIFAR_PREPROCESSING)
    assert torch.equal(batch[:1], to_batch([first], CIFAR_PREPROCESSING))
