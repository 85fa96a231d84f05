"""Uploads lie where a worker finds them, and go when nobody needs them."""

import os
import time

import pytest

from resnet_viz.core.places import home
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.ui.choose.uploads import kept_upload
from tests.pictures.hostile_names import NAMES

_MONTH = 30 * 24 * 3600


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_leads_nowhere_else(name):
    path = kept_upload(b"content", name)
    assert path.read_bytes() == b"content"
    assert path.resolve().parent.parent == (home() / "uploads").resolve()


def test_equal_uploads_are_one_file():
    assert kept_upload(b"same", "a.zip") == kept_upload(b"same", "a.zip")
    assert kept_upload(b"same", "a.zip") != kept_upload(b"other", "a.zip")


def test_old_uploads_go_unless_a_run_uses_them():
    used, unused, new = (kept_upload(data, "x.zip") for data in (b"used", b"unused", b"new"))
    RunStore().create("train", {"data": str(used)}, "a run", "cpu")
    for path in (used, unused):
        os.utime(path.parent, (time.time() - _MONTH,) * 2)
    kept_upload(b"one more", "y.zip")
    assert used.is_file()
    assert new.is_file()
    assert not unused.exists()
