"""File names are made safe to show, and no more of a file is read than allowed."""

import threading
import tracemalloc
import unicodedata
import warnings

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resnet_viz.core.errors import ImageError
from resnet_viz.core.text import Text
from resnet_viz.pictures.decode import (
    MOST_BYTES,
    MOST_NAME,
    open_picture,
    read_picture,
    safe_name,
)
from tests.pictures.decoded import pixels_of, refusal
from tests.pictures.hostile_images import REFUSED
from tests.pictures.hostile_names import BIDI, NAMES
from tests.pictures.made_images import encode, gradient


@pytest.mark.parametrize("name", NAMES)
def test_hostile_name_is_made_safe_to_show(name):
    shown = safe_name(name)
    assert 1 <= len(shown) <= MOST_NAME
    assert not BIDI & set(shown)
    assert not any(unicodedata.category(c)[0] == "C" for c in shown)
    assert not set(shown) & set("\n\r\t\u2028\u2029")
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert open_picture(encode(gradient(), "PNG"), name).name == shown
    assert shown in refusal(b"?", name).sentence(Text("zh"))


@given(st.text())
@example("0 \x00 0")
def test_safe_name_is_short_visible_and_stable(name):
    shown = safe_name(name)
    assert 1 <= len(shown) <= MOST_NAME
    assert not any(unicodedata.category(c)[0] == "C" for c in shown)
    assert safe_name(shown) == shown


@pytest.mark.parametrize("name", ["photo.png", "Foto von Ärger.JPG", "猫 2.webp", "a b.c.gif"])
def test_ordinary_name_is_kept(name):
    assert safe_name(name) == name


def test_name_of_another_format_does_not_matter():
    picture = open_picture(encode(gradient(), "JPEG"), "photo.png")
    assert picture.pixels.shape == (16, 24, 3)


def test_path_in_a_name_is_never_opened(tmp_path):
    real = tmp_path / "real.png"
    real.write_bytes(encode(gradient(), "PNG"))
    assert refusal(b"not a picture", str(real)).code == "image_unreadable"


def test_picture_is_read_from_a_file(tmp_path):
    path = tmp_path / "cat.png"
    path.write_bytes(encode(gradient(), "PNG"))
    picture = read_picture(path)
    assert picture == open_picture(path.read_bytes(), "cat.png")
    assert picture == read_picture(str(path))


@pytest.mark.parametrize("name", ["missing.png", ".", "nul\0byte.png", "n" * 300])
def test_file_that_cannot_be_read_is_refused(tmp_path, name):
    with pytest.raises(ImageError) as caught:
        read_picture(f"{tmp_path}/{name}")
    assert caught.value.code == "image_missing"


def test_file_is_read_no_further_than_the_limit(tmp_path):
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.truncate(10 * MOST_BYTES)
    tracemalloc.start()
    with pytest.raises(ImageError) as caught:
        read_picture(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code == "image_bytes"
    assert peak < 3 * MOST_BYTES


def test_threads_decode_side_by_side_and_leave_warning_filters_alone():
    filters = list(warnings.filters)
    data, wrong = encode(gradient(300, 200), "JPEG"), []
    alone = pixels_of(data)

    def work():
        for _ in range(5):
            if not np.array_equal(pixels_of(data), alone):
                wrong.append("pixels")
            try:
                open_picture(REFUSED["PNG 9400 x 9400"](), "x")
                wrong.append("bomb")
            except ImageError:
                pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert list(warnings.filters) == filters
