"""Rows of other versions, damaged rows, and ids that collide."""

import sqlite3
from datetime import UTC, datetime

import pytest

from resnet_viz.core.errors import FailureError, RunError
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue import run_rows, run_store
from resnet_viz.jobs.queue.execute import execute
from resnet_viz.jobs.queue.run_store import RunStore
from tests.jobs.queue.made_runs import Config, Number, counting

Q = JobState.QUEUED


def test_what_another_version_wrote_is_listed_and_refused(store, job):
    job(counting)
    run_id = store.create("made", {"size": "large", "count": "many"}, "old", "cpu")
    assert store.run(run_id).config == {"size": "large", "count": "many"}
    assert store.run(store.create("gone", {"a": 1}, "", "cpu")).config == {"a": 1}
    with store._database() as database:
        database.execute("INSERT INTO events (run, key, body) VALUES (?, 'a', '{}')", (run_id,))
    store.record(run_id, Number(1))
    status = store.status(run_id)
    assert status.records == (Number(1),)
    assert '1 of the records of the run "old"' in str(status.error)
    with pytest.raises(RunError, match="another version"):
        execute(store, run_id)
    assert store.run(run_id).state is JobState.FAILED


@pytest.mark.parametrize(
    ("column", "value"),
    [("state", "exploded"), ("config", "{"), ("created", "yesterday"), ("error", "[7]")],
)
def test_a_damaged_row_is_named_and_the_others_are_there(store, job, column, value):
    job(counting)
    bad, good = (store.create("made", Config(1), title, "cpu") for title in ("bad", "good"))
    with store._database() as database:
        database.execute(f"UPDATE runs SET {column} = ? WHERE id = ?", (value, bad))
    runs = {run.title: run for run in store.listed()}
    assert runs["good"].state is Q
    assert runs["bad"].state is JobState.FAILED
    assert str(runs["bad"].error).startswith('The record of the run "bad" cannot be read')
    assert execute(store, good) is JobState.DONE
    store.remove(bad)
    assert [run.id for run in store.listed()] == [good]


def test_a_record_of_runs_without_owners_is_extended(tmp_path):
    old = sqlite3.connect(tmp_path / "runs.sqlite")
    old.execute(run_rows._SCHEMA[0])
    old.execute(
        "INSERT INTO runs VALUES ('a', 'gone', 'old', '{}', 'cpu', 'done', '2026-01-01', 1, NULL)"
    )
    old.commit()
    old.close()
    (run,) = RunStore(tmp_path).listed()
    assert (run.title, run.owner, run.share) == ("old", "", "")
    assert RunStore(tmp_path).create("gone", {}, "new", "cpu", owner="anna")


def test_a_record_of_a_newer_version_is_one_sentence_and_stays_as_it_is(tmp_path):
    with RunStore(tmp_path)._database() as database:
        database.execute(f"PRAGMA user_version = {run_rows.VERSION + 1}")
    with pytest.raises(FailureError, match="newer version"):
        RunStore(tmp_path)


def test_no_two_runs_share_an_id_or_a_folder(store, monkeypatch):
    names = iter(["aa", "aa", "aa", "bb"])
    monkeypatch.setattr(run_store.secrets, "token_hex", lambda _: next(names))
    first, second = (store.create("made", Config(), "", "cpu") for _ in range(2))
    assert first != second
    monkeypatch.setattr(run_store.secrets, "token_hex", lambda _: "aa")
    third = store.folder(first).name.rpartition("-")[0]
    monkeypatch.setattr(run_store, "datetime", Fixed(third))
    with pytest.raises(FailureError, match="no free name"):
        store.create("made", Config(), "", "cpu")


class Fixed:
    """A clock that stands still at the second of an id."""

    def __init__(self, second):
        self.second = second

    def now(self, _):
        return datetime.strptime(self.second, "%Y%m%d-%H%M%S").replace(tzinfo=UTC)


def test_a_run_that_could_not_be_recorded_leaves_no_folder(store, monkeypatch):
    monkeypatch.setattr(run_store, "NEXT_TURN", "(SELECT nonsense)")
    with pytest.raises(FailureError, match="record of runs"):
        store.create("made", Config(), "", "cpu")
    assert [path.name for path in store.root.iterdir() if path.is_dir()] == []
