"""Random and edited files give a picture or a sentence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_viz.core.errors import ImageError
from resnet_viz.pictures.decode import open_picture
from tests.pictures import made_images
from tests.pictures.hostile_images import ACCEPTED


def only_picture_or_sentence(data):
    try:
        picture = open_picture(data, "fuzz")
    except ImageError:
        return
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.shape[2] == 3


STARTS = [b"", made_images.PNG, b"\xff\xd8\xff", b"GIF89a", b"BM", b"II*\0\x08\0\0\0", b"RIFF"]


SEEDS = {
    name: ACCEPTED[name]()
    for name in (
        "PNG",
        "JPEG",
        "progressive JPEG",
        "WebP",
        "TIFF",
        "TIFF with LZW",
        "BMP",
        "GIF of 1500 frames",
        "animated PNG",
        "animated WebP",
        "EXIF orientation 6",
        "P with transparency",
        "float TIFF",
    )
}


EDIT = st.tuples(st.integers(0, 1_500), st.binary(min_size=0, max_size=6), st.integers(0, 6))


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(STARTS), st.binary(max_size=300))
def test_random_bytes_give_a_picture_or_a_sentence(start, data):
    only_picture_or_sentence(start + data)


@pytest.mark.parametrize("name", SEEDS)
@settings(deadline=None, max_examples=60)
@given(edits=st.lists(EDIT, min_size=1, max_size=4))
def test_edited_file_gives_a_picture_or_a_sentence(name, edits):
    data = SEEDS[name][:4_000]
    for place, new, gone in edits:
        at = place % (len(data) + 1)
        data = data[:at] + new + data[at + gone :]
    only_picture_or_sentence(data)
