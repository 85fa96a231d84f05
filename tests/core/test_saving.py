"""Files and folders are written atomically and never replace existing ones."""

import json
import math
import os
from contextlib import ExitStack

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_viz.core import saving
from resnet_viz.core.errors import OutputError
from resnet_viz.core.saving import library_versions, new_folder, save_record, to_json, whole_file


def test_a_folder_gets_its_name_only_when_it_is_whole(tmp_path):
    target = tmp_path / "deep" / "result"
    with new_folder(target) as partial:
        (partial / "a").write_text("1")
        assert not target.exists()
        assert partial.parent == target.parent  # same file system, so the rename is one step
    assert (target / "a").read_text() == "1"
    assert os.listdir(target.parent) == ["result"]


def fill(folder, error):
    """Write one file into a new folder, then fail."""
    with new_folder(folder) as partial:
        (partial / "a").write_text("1")
        raise error


def test_a_failure_leaves_nothing_behind(tmp_path):
    with pytest.raises(ZeroDivisionError):
        fill(tmp_path / "result", ZeroDivisionError())
    assert os.listdir(tmp_path) == []


def rewrite(path, error=None):
    """Write a file whole, or fail half-way."""
    with whole_file(path) as partial:
        partial.write_text("new")
        if error is not None:
            raise error


@pytest.mark.parametrize("before", [None, "old"])
def test_a_file_gets_its_name_only_when_it_is_whole(tmp_path, before):
    target = tmp_path / "result.json"
    if before is not None:
        target.write_text(before)
    with whole_file(target, durable=True) as partial:
        partial.write_text("new")
        assert (target.read_text() if target.exists() else None) == before
        assert partial.parent == tmp_path  # same file system, so the rename is one step
    assert target.read_text() == "new"
    assert os.listdir(tmp_path) == ["result.json"]


@pytest.mark.parametrize("error", [ZeroDivisionError(), OSError(28, "full"), KeyboardInterrupt()])
def test_a_failed_write_leaves_neither_file_nor_temporary(tmp_path, error):
    with pytest.raises(type(error)):
        rewrite(tmp_path / "result.json", error)
    assert os.listdir(tmp_path) == []


def test_a_failed_write_leaves_the_old_file(tmp_path):
    target = tmp_path / "result.json"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError):
        rewrite(target, ZeroDivisionError())
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["result.json"]


def test_a_block_that_writes_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "result.json"):
        pass
    assert os.listdir(tmp_path) == []


def test_two_writers_of_one_file_do_not_disturb_each_other(tmp_path):
    target = tmp_path / "result.json"
    with whole_file(target) as first:
        first.write_text("first")
        rewrite(target)
    assert target.read_text() == "first"
    assert os.listdir(tmp_path) == ["result.json"]


def test_a_full_disk_is_one_sentence_and_leaves_nothing_behind(tmp_path):
    with pytest.raises(OutputError) as caught:
        fill(tmp_path / "result", OSError(28, "No space left on device"))
    assert "result" in str(caught.value)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("what", ["file", "folder"])
def test_nothing_is_overwritten(tmp_path, what):
    target = tmp_path / "result"
    if what == "file":
        target.write_text("mine")
    else:
        target.mkdir()
        (target / "mine").write_text("mine")
    with pytest.raises(OutputError, match="already exists"):
        save_record(target, "analysis", {}, {"a": np.zeros(1)})
    mine = target if what == "file" else target / "mine"
    assert mine.read_text() == "mine"
    assert os.listdir(tmp_path) == ["result"]


def test_a_folder_that_appears_meanwhile_is_not_overwritten(tmp_path):
    target = tmp_path / "result"
    meanwhile = ExitStack()
    meanwhile.enter_context(new_folder(target))
    target.mkdir()
    (target / "mine").write_text("mine")
    with pytest.raises(OutputError):
        meanwhile.close()
    assert (target / "mine").read_text() == "mine"
    assert os.listdir(tmp_path) == ["result"]


def test_a_parent_that_is_a_file_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        save_record(tmp_path / "file" / "result", "analysis", {}, {})


def test_a_record_says_what_it_is_and_what_made_it(tmp_path):
    arrays = {"features/layer1.0": np.arange(6.0).reshape(2, 3), "logits": np.ones((1, 2))}
    save_record(tmp_path / "r", "analysis", {"network": "resnet20"}, arrays)
    manifest = json.loads((tmp_path / "r" / "manifest.json").read_text("utf-8"))
    assert manifest["schema_version"] == saving.SCHEMA_VERSION
    assert manifest["record"] == "analysis"
    assert manifest["network"] == "resnet20"
    assert manifest["versions"] == library_versions()
    assert manifest["arrays"] == {"features/layer1.0": [2, 3], "logits": [1, 2]}
    with np.load(tmp_path / "r" / "arrays.npz", allow_pickle=False) as saved:
        assert set(saved.files) == set(arrays)
        for name, value in arrays.items():
            np.testing.assert_array_equal(saved[name], value)


def test_an_array_of_objects_is_refused_and_leaves_nothing_behind(tmp_path):
    with pytest.raises(ValueError, match="pickle"):
        save_record(tmp_path / "r", "analysis", {}, {"a": np.array([{}], dtype=object)})
    assert os.listdir(tmp_path) == []


def test_versions_name_torch_and_python():
    assert {"python", "torch", "numpy"} <= set(library_versions())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def named(value):
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return [named(item) for item in value]
    if isinstance(value, dict):
        return {key: named(item) for key, item in value.items()}
    return value


@given(json_values)
def test_json_is_strict_and_names_what_is_not_a_number(value):
    def refuse(constant):
        raise AssertionError(constant)

    assert json.loads(to_json(value), parse_constant=refuse) == named(value)
