"""Any bytes become one picture or one sentence, at a bounded cost."""

import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from resnet_viz.core.errors import ImageError
from resnet_viz.pictures.decode import MOST_BYTES, SIDE, open_picture, to_png
from tests.pictures import made_images
from tests.pictures.decoded import expected, pixels_of, refusal
from tests.pictures.hostile_images import ACCEPTED
from tests.pictures.made_images import encode, exif, gradient


@pytest.mark.parametrize("name", ACCEPTED)
def test_usable_file_gives_read_only_rgb(name):
    pixels = pixels_of(ACCEPTED[name]())
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3
    assert min(pixels.shape[:2]) >= 1
    assert max(pixels.shape[:2]) <= SIDE
    with pytest.raises(ValueError, match="read-only"):
        pixels[0, 0, 0] = 1


@pytest.mark.parametrize(
    "name",
    [
        "PNG",
        "WebP",
        "BMP",
        "TIFF",
        "TIFF with LZW",
        "animated PNG",
        "animated WebP",
        "multi-page TIFF",
        "PNG that is also HTML",
    ],
)
def test_lossless_file_gives_the_first_frame_exactly(name):
    np.testing.assert_array_equal(pixels_of(ACCEPTED[name]()), expected(gradient()))


def test_gif_of_1500_frames_gives_its_first():
    first = expected(gradient().convert("L"))
    np.testing.assert_array_equal(pixels_of(ACCEPTED["GIF of 1500 frames"]()), first)


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_and_bilevel_are_exact(mode):
    image = gradient().convert(mode)
    np.testing.assert_array_equal(pixels_of(encode(image, "PNG")), expected(image))


def test_cmyk_comes_near_the_picture_it_was_made_from():
    pixels = pixels_of(encode(Image.new("RGB", (8, 8), (200, 100, 50)).convert("CMYK"), "JPEG"))
    assert np.abs(pixels.astype(int) - (200, 100, 50)).max() <= 3


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_turns_the_picture_once(orientation, kind):
    turned = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: a.swapaxes(0, 1)[:, ::-1],
        7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
        8: lambda a: a.swapaxes(0, 1)[::-1],
    }[orientation]
    plain = pixels_of(exif(1, kind))
    np.testing.assert_array_equal(pixels_of(exif(orientation, kind)), turned(plain))
    assert plain.shape == (16, 24, 3)


@pytest.mark.parametrize("orientation", [0, 9, 99])
def test_exif_orientation_without_a_meaning_changes_nothing(orientation):
    np.testing.assert_array_equal(pixels_of(exif(orientation)), pixels_of(exif(1)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_corrupt_exif_changes_nothing(kind):
    pixels = pixels_of(ACCEPTED[f"64 kB of corrupt EXIF in a {kind}"]())
    np.testing.assert_array_equal(pixels, pixels_of(encode(gradient(), kind)))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_lies_over_white_exactly(mode):
    image = made_images.with_alpha().convert(mode)
    rgba = np.asarray(image.convert("RGBA")).astype(float)
    share = rgba[..., 3:] / 255
    over_white = np.floor(rgba[..., :3] * share + 255 * (1 - share) + 0.5)
    np.testing.assert_array_equal(pixels_of(encode(image, "PNG")), over_white)


def test_transparent_palette_colour_is_white():
    pixels = pixels_of(ACCEPTED["P with transparency"]())
    assert pixels.tolist() == [[[255, 255, 255], [40, 50, 60]]]


def test_16_bit_greys_are_rounded_to_8_exactly():
    values = [*range(0, 65_536, 97), 65_535]
    pixels = pixels_of(encode(made_images.grey16(values).resize((len(values), 20)), "PNG"))
    assert pixels[0, :, 0].tolist() == [(v + 128) // 257 for v in values]
    assert np.ptp(pixels, axis=2).max() == 0


def test_whole_numbers_beyond_16_bits_are_scaled_to_their_extremes():
    values = np.array([[-100_000, 0, 100_000]], np.int32)
    pixels = pixels_of(encode(Image.fromarray(values), "TIFF"))
    assert pixels[0, :, 0].tolist() == [0, 128, 255]


def test_whole_numbers_of_16_bits_keep_their_place():
    values = np.array([[0, 257, 514]], np.int32)
    assert pixels_of(encode(Image.fromarray(values), "TIFF"))[0, :, 0].tolist() == [0, 1, 2]


def test_floats_are_scaled_by_their_finite_extremes():
    assert pixels_of(made_images.floats([-1, 0, 1, 3], 2))[..., 0].tolist() == [[0, 64], [128, 255]]
    odd = pixels_of(ACCEPTED["float TIFF with NaN and infinity"]())
    assert odd[..., 0].tolist() == [[0, 255, 0], [0, 128, 255]]


def test_floats_at_the_ends_of_their_range_do_not_overflow():
    most = float(np.finfo(np.float32).max)
    assert pixels_of(made_images.floats([-most, 0, most]))[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize("name", ["float TIFF, all equal", "float TIFF of NaN"])
def test_floats_without_a_range_are_black(name):
    assert not pixels_of(ACCEPTED[name]()).any()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("size", [(3000, 1000), (1000, 3000), (5001, 1667)])
def test_large_picture_is_reduced_in_proportion(size, kind):
    x = np.linspace(0, 255, size[0])
    image = Image.fromarray(np.broadcast_to(x, size[::-1]).astype(np.uint8)).convert("RGB")
    packed = {"compression": "tiff_lzw"} if kind == "TIFF" else {}
    pixels = pixels_of(encode(image, kind, **packed))
    long, short = max(pixels.shape[:2]), min(pixels.shape[:2])
    assert (long, short) == (SIDE, round(SIDE / 3))
    ramp = np.linspace(0, 255, pixels.shape[1])[None, :, None]
    assert np.abs(pixels - ramp).max() <= 4


def test_picture_of_the_longest_side_allowed_is_kept_exactly():
    image = gradient(SIDE, 40)
    np.testing.assert_array_equal(pixels_of(encode(image, "PNG")), expected(image))


def test_reduced_picture_weighs_colour_by_alpha():
    image = Image.new("RGBA", (3200, 3200), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 3200, 1600))
    pixels = pixels_of(encode(image, "PNG", compress_level=1))
    assert pixels[0, 0].tolist() == [0, 0, 255]
    assert pixels[-1, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP"])
def test_truncated_file_is_refused_wherever_it_is_cut(kind):
    image = gradient(60, 40).quantize() if kind == "GIF" else gradient(60, 40)
    data = encode(image, kind)
    pixels = pixels_of(data)
    for share in np.linspace(0.02, 0.9, 30):
        try:
            cut = pixels_of(data[: int(len(data) * share)])
        except ImageError:
            continue
        # A TIFF or GIF may end in bytes that hold no pixels.
        np.testing.assert_array_equal(cut, pixels)


def test_small_and_square_enough_is_kept_and_longer_is_refused():
    assert pixels_of(made_images.png_zeros(1, 50)).shape == (50, 1, 3)
    assert refusal(made_images.png_zeros(1, 51)).code == "image_aspect"


def test_one_byte_decides_about_too_large():
    data = made_images.png_extra()
    assert pixels_of(data + bytes(MOST_BYTES - len(data))).shape == (1, 1, 3)
    assert refusal(data + bytes(MOST_BYTES - len(data) + 1)).code == "image_bytes"


def test_metadata_does_not_reach_the_picture():
    picture = open_picture(ACCEPTED["PNG that is also HTML"](), "x.png")
    assert b"script" not in to_png(picture.pixels)
    assert set(vars(picture)) == {"pixels", "name", "digest"}


def test_digest_depends_on_pixels_and_shape_alone():
    png, tiff = encode(gradient(), "PNG"), encode(gradient(), "TIFF")
    digest = open_picture(png, "a.png").digest
    assert digest == open_picture(tiff, "b.tiff").digest
    assert re.fullmatch("[0-9a-f]{32}", digest)
    assert digest != open_picture(encode(gradient(16, 24), "PNG"), "a.png").digest
    wide, high = made_images.png_zeros(4, 2), made_images.png_zeros(2, 4)
    assert open_picture(wide, "a").digest != open_picture(high, "a").digest


def test_pictures_compare_by_digest_and_name():
    data = encode(gradient(), "PNG")
    assert open_picture(data, "a") == open_picture(data, "a")
    assert open_picture(data, "a") != open_picture(data, "b")
    assert len({open_picture(data, "a"), open_picture(data, "a")}) == 1


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (5, 7, 4)])
def test_png_keeps_every_pixel_and_nothing_else(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    with Image.open(BytesIO(to_png(pixels))) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)
        assert image.info == {}


def test_png_of_a_mirrored_view_is_mirrored():
    pixels = expected(gradient())[:, ::-1]
    np.testing.assert_array_equal(pixels_of(to_png(pixels)), pixels)
