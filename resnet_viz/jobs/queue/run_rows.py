"""The tables of runs and events: their schema and version, the order of turns, and their rows.

A row that another version of this library wrote, or that is damaged, is named in a sentence; the
others are read as usual.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from resnet_viz.core.converter import decode
from resnet_viz.core.errors import FailureError, ResnetVizError
from resnet_viz.jobs.codec import Event, record_from_json
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.kinds import KINDS, job_kind
from resnet_viz.jobs.queue.run import Run

#: The version of the tables, SQLite's ``user_version``.
VERSION = 1

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL, config TEXT NOT NULL,
    device TEXT NOT NULL, state TEXT NOT NULL, created TEXT NOT NULL,
    turn INTEGER NOT NULL, error TEXT)""",
    """CREATE TABLE IF NOT EXISTS events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, key TEXT NOT NULL,
    body TEXT NOT NULL, UNIQUE (run, key) ON CONFLICT REPLACE)""",
    "CREATE INDEX IF NOT EXISTS events_of_run ON events (run, sequence)",
)
#: Columns that came later, in the version that has them.
_ADDED = {
    "owner": "TEXT NOT NULL DEFAULT ''",  # a visitor's key; empty on a machine of one's own
    "share": "TEXT NOT NULL DEFAULT ''",  # the key of a link that lets others see the run
    "started": "INTEGER NOT NULL DEFAULT 0",  # counts starts, so that owners take turns
}

NEXT_TURN = "(SELECT COALESCE(MAX(turn), 0) + 1 FROM runs)"
NEXT_START = "(SELECT COALESCE(MAX(started), 0) + 1 FROM runs)"

#: Queued runs with their position. Every owner's first run comes before anybody's second; among
#: those, the owner whose last run started longest ago is next.
QUEUE = """WITH waiting AS (
    SELECT id, device, turn,
        ROW_NUMBER() OVER (PARTITION BY device, owner ORDER BY turn) AS place,
        (SELECT MAX(o.started) FROM runs AS o
            WHERE o.owner = runs.owner AND o.device = runs.device) AS last
    FROM runs WHERE state = 'queued'),
queue AS (
    SELECT id, device,
        ROW_NUMBER() OVER (PARTITION BY device ORDER BY place, last, turn) AS position
    FROM waiting)"""
RUNS = f"""{QUEUE}
SELECT runs.id, kind, title, config, runs.device, state, created, error, owner, share, position
FROM runs LEFT JOIN queue ON queue.id = runs.id"""


def bring_up_to_date(database: sqlite3.Connection) -> int:
    """Create or extend the tables; return their version, which may be a newer one."""
    version = _version(database)
    if version >= VERSION:
        return version
    database.execute("BEGIN IMMEDIATE")
    if _version(database) < VERSION:  # no other process did it meanwhile
        for statement in _SCHEMA:
            database.execute(statement)
        there = {row[1] for row in database.execute("PRAGMA table_info(runs)")}
        for name, kind in _ADDED.items():
            if name not in there:
                database.execute(f"ALTER TABLE runs ADD COLUMN {name} {kind}")
        database.execute(f"PRAGMA user_version = {VERSION}")
    return VERSION


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def read_run(row: Sequence[Any]) -> Run:
    """Return the run of a row of ``RUNS``; one that cannot be read has failed and says so."""
    try:
        return _run(row)
    except (ValueError, TypeError, KeyError, AttributeError):
        run_id, kind, title = (str(value)[:120] for value in row[:3])
        return Run(
            id=run_id,
            kind=kind,
            title=title,
            config=None,
            device=str(row[4])[:40],
            state=JobState.FAILED,
            created=datetime.fromtimestamp(0, UTC),
            error=FailureError("run_row", run=title or run_id),
            owner=str(row[8]),
        )


def _run(row: Sequence[Any]) -> Run:
    run_id, kind, title, config, device, state, created, error, owner, share, position = row
    failure = json.loads(error) if error else None
    return Run(
        id=run_id,
        kind=kind,
        title=title,
        config=_config(kind, json.loads(config)),
        device=device,
        state=JobState(state),
        created=datetime.fromisoformat(created),
        position=position if state == JobState.QUEUED else None,
        error=FailureError(failure["code"], **failure["values"]) if failure else None,
        owner=owner,
        share=share,
    )


def _config(kind: str, values: object) -> object:
    """Decode a config; return the JSON value if the kind is unknown or the value does not fit."""
    if kind not in KINDS:
        return values
    try:
        return cast(object, decode(job_kind(kind).config, values))
    except (ResnetVizError, ValueError):
        return values


def read_events(run: Run, rows: Iterable[Sequence[Any]]) -> tuple[tuple[Event, ...], int]:
    """Return the events of rows, in order, and how many rows could not be read."""
    types = job_kind(run.kind).events
    events: list[Event] = []
    unreadable = 0
    for row in rows:
        try:
            events.append(record_from_json(json.loads(row[0]), types))
        except (ValueError, ResnetVizError):  # written by another version of this library
            unreadable += 1
    return tuple(events), unreadable
