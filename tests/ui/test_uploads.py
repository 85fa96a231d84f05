"""Uploads are stored where workers can read them, and deleted when unused."""

import os
import threading
import time
import zipfile

import pytest
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from resnet_viz.core.errors import FailureError, RunError
from resnet_viz.core.places import home
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.ui.choose import uploads
from resnet_viz.ui.choose.uploads import keep, kept_file, kept_pictures, kept_zip
from resnet_viz.ui.frame.serving import Audience, Quotas, Serving
from tests.pictures.hostile_names import NAMES

_MONTH = 30 * 24 * 3600


def upload(name, content):
    """What a file uploader returns."""
    record = UploadedFileRec(f"{name}-{content!r}", name, "application/octet-stream", content)
    return UploadedFile(record, FileURLs())


def inside():
    return sorted(path.name for path in (home() / "uploads").glob("*/*"))


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_leads_nowhere_else(name):
    path = keep(b"content", name)
    assert path.read_bytes() == b"content"
    assert path.resolve().parent.parent == (home() / "uploads").resolve()


def test_pictures_are_numbered_and_a_name_gives_no_more_than_its_suffix():
    folder = kept_pictures([upload(name, b"content") for name in [*NAMES, "a.JPG", "b.x y"]])
    assert folder.resolve().parent.parent == (home() / "uploads").resolve()
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == len(NAMES) + 2
    assert all(name[:4].isdigit() for name in names)
    assert names[-2:] == [f"{len(NAMES):04}.JPG", f"{len(NAMES) + 1:04}"]


def test_equal_uploads_are_one_file():
    assert keep(b"same", "a.zip") == keep(b"same", "a.zip")
    assert keep(b"same", "a.zip") != keep(b"other", "a.zip")
    assert keep(b"same", "a.zip") != keep(b"same", "b.zip")
    assert inside() == ["a.zip", "a.zip", "b.zip"]
    pair = [upload("x.png", b"1"), upload("y.png", b"2")]
    assert kept_pictures(pair) == kept_pictures(pair)
    assert kept_pictures(pair) != kept_pictures(pair[::-1])


def test_several_files_are_one_zip_and_a_zip_stays_as_it_is():
    pair = [upload("set/b/y.png", b"2"), upload("set/a/x.png", b"1")]
    path = kept_zip(pair)
    assert path == kept_zip(pair[::-1])
    assert path.name == "set.zip"
    assert zipfile.ZipFile(path).namelist() == ["set/a/x.png", "set/b/y.png"]
    assert kept_zip([upload("own.ZIP", b"bytes")]).read_bytes() == b"bytes"


def test_an_upload_is_written_again_when_it_is_gone():
    file = upload("x.pth", b"weights")
    kept_file(file).unlink()
    assert kept_file(file).read_bytes() == b"weights"


def test_a_failed_write_leaves_nothing_behind(monkeypatch):
    def fails(*args):
        raise OSError

    keep(b"first", "a.zip")
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_bytes", fails)
        with pytest.raises(FailureError, match="cannot be kept"):
            keep(b"second", "b.zip")
    assert inside() == ["a.zip"]


def test_old_uploads_go_unless_a_run_uses_them():
    used, unused, new = (keep(data, "x.zip") for data in (b"used", b"unused", b"new"))
    RunStore().create("train", {"data": str(used)}, "a run", "cpu")
    for path in (used, unused):
        os.utime(path.parent, (time.time() - _MONTH,) * 2)
    keep(b"one more", "y.zip")
    assert used.is_file()
    assert new.is_file()
    assert not unused.exists()


def test_the_oldest_go_when_there_are_too_many_bytes_unless_a_run_uses_them(monkeypatch):
    monkeypatch.setattr(uploads, "_MOST_BYTES", 250)
    used = keep(b"a" * 100, "x.zip")
    RunStore().create("train", {"data": str(used)}, "a run", "cpu")
    old, young = keep(b"b" * 100, "x.zip"), keep(b"c" * 100, "x.zip")
    for age, path in enumerate((young, old, used), 1):
        os.utime(path.parent, (time.time() - 60 * age,) * 2)
    newest = keep(b"d" * 100, "x.zip")
    assert [path.is_file() for path in (used, old, young, newest)] == [True, False, True, True]


@pytest.fixture
def visitor(monkeypatch):
    """Who uploads in a class whose visitors have 250 bytes each."""
    who = ["anna"]
    monkeypatch.setattr(uploads, "owner", lambda: who[0])
    quotas = Quotas(upload_bytes=250)
    monkeypatch.setattr(uploads, "serving", lambda: Serving(Audience.CLASS, quotas=quotas))
    return who


def test_a_visitor_has_room_for_so_many_bytes_and_the_next_one_too(visitor):
    first, second = keep(b"a" * 100, "x.zip"), keep(b"b" * 100, "x.zip")
    with pytest.raises(RunError, match="more than the 0 MB"):
        keep(b"c" * 100, "x.zip")
    assert keep(b"a" * 100, "x.zip") == first
    visitor[0] = "ben"
    assert keep(b"c" * 100, "x.zip").is_file()
    visitor[0] = "anna"
    os.utime(first.parent, (time.time() - 3600,) * 2)
    assert keep(b"d" * 100, "x.zip").is_file()
    assert not first.exists()
    assert second.is_file()


def test_what_another_visitor_or_a_run_uses_is_not_deleted_for_room(visitor):
    shared, used = keep(b"a" * 100, "x.zip"), keep(b"b" * 100, "x.zip")
    RunStore().create("train", {"data": str(used)}, "a run", "cpu")
    visitor[0] = "ben"
    assert keep(b"a" * 100, "x.zip") == shared
    visitor[0] = "anna"
    for path in (shared, used):
        os.utime(path.parent, (time.time() - 3600,) * 2)
    with pytest.raises(RunError):
        keep(b"c" * 100, "x.zip")
    assert shared.is_file()
    assert used.is_file()


def test_equal_uploads_at_the_same_moment_are_one_file():
    failed = []

    def upload_all():
        for number in range(5):
            path = keep(bytes([number]) * 1000, "same.zip")
            if path.read_bytes() != bytes([number]) * 1000:
                failed.append(path)

    threads = [threading.Thread(target=upload_all) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert inside() == ["same.zip"] * 5
