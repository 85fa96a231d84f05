"""Folders and ZIPs of pictures: valid ones are read, hostile ones are refused in one sentence."""

import io
import stat
import warnings
import zipfile

import numpy as np
import pytest
from PIL import Image

from resnet_viz.core.errors import DataError
from resnet_viz.datasets import class_folders
from resnet_viz.datasets.load_dataset import load_dataset


def png(value=0, side=20):
    pixels = np.full((side, side + 6, 3), value, np.uint8)
    pixels[:, :3] = 255 - value
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def zipped(path, files, compression=zipfile.ZIP_DEFLATED):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # duplicate names are meant
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    return path


def ordinary(prefix="", per_class=6):
    return {f"{prefix}{label}/{i}.png": png(40 * i + shade)
            for label, shade in (("cat", 0), ("dog", 20)) for i in range(per_class)}  # fmt: skip


def write(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("packing", ["ZIP_DEFLATED", "ZIP_BZIP2", "ZIP_LZMA"])
def test_a_damaged_member_is_skipped_whatever_packed_it(tmp_path, packing):
    path = zipped(tmp_path / "p.zip", ordinary(), getattr(zipfile, packing))
    with zipfile.ZipFile(path) as archive:
        first = archive.getinfo("cat/0.png")
    content = bytearray(path.read_bytes())
    start = first.header_offset + 30 + len(first.filename)
    content[start + 4 : start + first.compress_size] = b"\xff" * (first.compress_size - 4)
    path.write_bytes(content)
    assert load_dataset(path, size=16).skipped == ("cat/0.png",)


def test_few_bytes_may_not_unpack_to_many_pixels(tmp_path, monkeypatch):
    monkeypatch.setattr(class_folders, "_ALWAYS_PIXELS", 10_000)
    out = io.BytesIO()
    Image.new("1", (1000, 1000)).save(out, "PNG")
    path = zipped(tmp_path / "p.zip", {**ordinary(), "cat/9.png": out.getvalue()})
    with pytest.raises(DataError, match="pixels for each byte"):
        load_dataset(path, size=16)


@pytest.mark.parametrize("form", ["folder", "zip"])
@pytest.mark.parametrize("prefix", ["", "pets/", "a/b/c/"])
def test_class_folders_become_a_split_data_set(tmp_path, form, prefix):
    files = ordinary(prefix)
    path = (
        write(tmp_path / "pets", files) if form == "folder" else zipped(tmp_path / "p.zip", files)
    )
    data = load_dataset(path, size=16)
    assert data.classes == ("cat", "dog")
    assert data.train.images.shape == (10, 3, 16, 16)
    assert data.train.counts(2) == [5, 5]
    assert data.test.counts(2) == [1, 1]
    assert data.skipped == ()


@pytest.mark.parametrize("second", ["test", "val", "Validation"])
def test_a_split_that_is_there_is_kept(tmp_path, second):
    files = ordinary("train/", 5) | ordinary(f"{second}/", 2)
    data = load_dataset(write(tmp_path / "pets", files), size=16)
    assert data.train.counts(2) == [5, 5]
    assert data.test.counts(2) == [2, 2]


def test_no_picture_is_in_both_parts(tmp_path):
    data = load_dataset(write(tmp_path / "pets", ordinary()), size=16)
    train = {image.numpy().tobytes() for image in data.train.images}
    assert not train & {image.numpy().tobytes() for image in data.test.images}


def test_unreadable_files_are_listed_and_skipped(tmp_path):
    files = ordinary() | {
        "cat/notes.png": b"hello",
        "dog/empty.png": b"",
        "dog/cut.png": png()[:60],
    }
    files |= {"__MACOSX/cat/1.png": b"x", "cat/.DS_Store": b"x", "readme.txt": b"hi"}
    data = load_dataset(zipped(tmp_path / "pets.zip", files), size=16)
    assert sorted(data.skipped) == ["cat/notes.png", "dog/cut.png", "dog/empty.png"]
    assert len(data.train) + len(data.test) == 12


def test_links_on_disk_are_not_followed(tmp_path):
    write(tmp_path / "secret", {"owl/1.png": png(), "owl/2.png": png()})
    folder = write(tmp_path / "pets", ordinary())
    (folder / "owl").symlink_to(tmp_path / "secret" / "owl")
    (folder / "cat" / "link.png").symlink_to(tmp_path / "secret" / "owl" / "1.png")
    data = load_dataset(folder, size=16)
    assert data.classes == ("cat", "dog")
    assert len(data.train) + len(data.test) == 12


def test_hostile_class_names_are_made_harmless(tmp_path):
    files = {f"{name}/{i}.png": png(i) for i in range(4)
             for name in ("![x](x)", "\u202egnp", "ca\u0301t" * 60)}  # fmt: skip
    data = load_dataset(zipped(tmp_path / "p.zip", files), size=16)
    assert len(data.classes) == 3
    assert all(len(name) <= 80 and "\u202e" not in name for name in data.classes)


def symlink(archive):
    info = zipfile.ZipInfo("cat/link.png")
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc/passwd")


def test_a_link_in_a_zip_is_refused(tmp_path):
    path = zipped(tmp_path / "p.zip", ordinary())
    with zipfile.ZipFile(path, "a") as archive:
        symlink(archive)
    with pytest.raises(DataError, match="links"):
        load_dataset(path)


@pytest.mark.parametrize(
    "name",
    ["../cat/1.png", "/cat/1.png", "cat/../../1.png", "C:\\cat\\1.png", "cat\\..\\1.png"],
)
def test_a_path_out_of_a_zip_is_refused(tmp_path, name):
    with pytest.raises(DataError, match="out of it"):
        load_dataset(zipped(tmp_path / "p.zip", ordinary() | {name: png()}))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    files = ordinary() | {"cat/bomb.png": bytes(200 * 2**20)}
    with pytest.raises(DataError, match="hundred times"):
        load_dataset(zipped(tmp_path / "p.zip", files))


def test_too_much_in_all_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(class_folders, "MOST_UNPACKED", 500)
    with pytest.raises(DataError, match="GB unpacked"):
        load_dataset(zipped(tmp_path / "p.zip", ordinary()))


def test_a_hundred_thousand_empty_files_are_refused(tmp_path):
    files = {f"cat/{i}.png": b"" for i in range(100_000)}
    with pytest.raises(DataError, match="more than 60000 files"):
        load_dataset(zipped(tmp_path / "p.zip", files, zipfile.ZIP_STORED))


def test_an_encrypted_zip_is_refused(tmp_path):
    path = zipped(tmp_path / "p.zip", ordinary())
    data = bytearray(path.read_bytes())
    at = 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        data[at + 8] |= 1
        at += 4
    path.write_bytes(data)
    with pytest.raises(DataError, match="encrypted"):
        load_dataset(path)


@pytest.mark.parametrize("content", [b"", b"x", b"hello" * 1000, b"PK\x03\x04" + bytes(60)])
def test_what_is_no_zip_is_refused(tmp_path, content):
    (tmp_path / "p.zip").write_bytes(content)
    with pytest.raises(DataError, match="not a readable ZIP"):
        load_dataset(tmp_path / "p.zip")


def test_a_zip_cut_short_is_refused(tmp_path):
    path = zipped(tmp_path / "p.zip", ordinary())
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(DataError, match="not a readable ZIP"):
        load_dataset(path)


def test_a_member_with_a_wrong_checksum_is_skipped(tmp_path):
    path = zipped(tmp_path / "p.zip", ordinary(), zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[data.find(b"IDAT") + 10] ^= 0xFF
    path.write_bytes(data)
    found = load_dataset(path, size=16)
    assert found.skipped == ("cat/0.png",)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({f"cat/{i}.png": png(i) for i in range(5)}, "1 class folders"),
        ({"a.png": png(), "b.png": png()}, "0 class folders"),
        (ordinary() | {"owl/1.png": png()}, "owl"),
        (
            {"cat/1.png": b"x", "cat/2.png": b"x", "dog/1.png": b"x", "dog/2.png": b"x"},
            "no picture",
        ),
        (ordinary() | {"Cat/9.png": png()}, "spelled in two ways"),
        (ordinary("train/") | ordinary(), "train or test"),
        ({f"{i}/{j}.png": b"" for i in range(1001) for j in range(2)}, "1001 class folders"),
    ],
    ids=["one class", "no class", "one image", "none readable", "case", "half split", "1001"],
)
def test_data_that_cannot_be_learned_is_one_sentence(tmp_path, files, sentence):
    with pytest.raises(DataError, match=sentence):
        load_dataset(zipped(tmp_path / "p.zip", files), size=16)


def test_more_than_memory_allows_is_refused_before_decoding(tmp_path, monkeypatch):
    monkeypatch.setattr(class_folders, "MOST_MEMORY", 1000)
    monkeypatch.setattr(class_folders, "_decode", lambda *a: pytest.fail("decoded first"))
    with pytest.raises(DataError, match="memory"):
        load_dataset(write(tmp_path / "pets", ordinary()))
