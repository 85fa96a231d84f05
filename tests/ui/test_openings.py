"""A design in an address: small, exact, and checked when it is read."""

import base64
import zlib

import pytest

from resnet_viz import NetworkSpec
from resnet_viz.ui.choose.openings import design_id, packed, unpacked


def letters(data: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(data)).decode()


def test_a_design_survives_the_way_through_an_address():
    spec = NetworkSpec(depths=(2, 3), widths=(7, 9), groups=1, shortcut_scale=0.5)
    address = packed(spec)
    assert unpacked(address) == spec
    assert len(address) < 600
    assert address.replace("-", "").replace("_", "").isalnum()
    assert design_id(spec) != design_id(spec.plain())


@pytest.mark.parametrize(
    "address",
    [
        "",
        "%%%",
        "é" * 40,
        "A" * 5000,
        letters(b"no json"),
        letters(b"[" * 60_000),
        letters(b'{"depths": [1], "widths": [-4]}'),
        letters(b'{"depths": [100000, 100000], "widths": [4, 4]}'),
        letters(b" " * 50_000_000),  # unpacks to 64 kB at most
        base64.urlsafe_b64encode(b"not packed").decode(),
    ],
    ids=str,
)
def test_anything_else_is_no_design(address):
    assert unpacked(address) is None
