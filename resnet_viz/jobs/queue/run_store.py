"""Storage of runs and their events in one SQLite file (WAL) shared by all processes.

Only the latest event of each key is stored, so a resumed run may report the same events again
without duplicating them.
"""

import json
import secrets
import shutil
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import Any, TypeVar, cast

from resnet_viz.core.converter import decode, encode
from resnet_viz.core.errors import FailureError, ResnetVizError, RunError
from resnet_viz.core.places import home
from resnet_viz.core.saving import to_json
from resnet_viz.jobs.codec import Event, record_from_json, record_to_json
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.kinds import KINDS, job_kind
from resnet_viz.jobs.queue.run import Run, RunStatus

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL, config TEXT NOT NULL,
    device TEXT NOT NULL, state TEXT NOT NULL, created TEXT NOT NULL,
    turn INTEGER NOT NULL, error TEXT);
CREATE TABLE IF NOT EXISTS events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, key TEXT NOT NULL,
    body TEXT NOT NULL, UNIQUE (run, key) ON CONFLICT REPLACE);
CREATE INDEX IF NOT EXISTS events_of_run ON events (run, sequence);
"""
_LOCK_TIMEOUT = 20.0  # seconds to wait while another process writes
_NEXT_TURN = "(SELECT COALESCE(MAX(turn), 0) + 1 FROM runs)"
_POSITION = """(SELECT COUNT(*) FROM runs AS o WHERE o.state = 'queued'
    AND o.device = runs.device AND o.turn <= runs.turn)"""


E = TypeVar("E")


class RunStore:
    """Runs and their events, stored in a folder.

    Each method opens its own connection, so threads may share an instance.

    Parameters
    ----------
    folder
        Created if missing; ``runs`` in the library's home folder by default.

    """

    def __init__(self, folder: Path | None = None) -> None:
        self.root = folder or home() / "runs"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:  # read-only, a file, or below a file
            raise FailureError(
                "run_store", folder=str(self.root), reason=error.strerror or type(error).__name__
            ) from error
        with self._database() as database:
            database.executescript(_SCHEMA)

    def folder(self, run_id: str) -> Path:
        """Return the folder for the checkpoints and files of a run."""
        return self.root / run_id

    def create(self, kind: str, config: object, title: str, device: str) -> str:
        """Add a run to the end of a device's queue; return its id.

        A title that another run of this kind has gets a number: "digits (2)".
        """
        created = datetime.now(UTC)
        run_id = f"{created:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        with self._database() as database:
            titles = database.execute("SELECT title FROM runs WHERE kind = ?", (kind,))
            taken = {row[0] for row in titles}
            database.execute(
                "INSERT INTO runs (id, kind, title, config, device, state, created, turn)"
                f" VALUES (?, ?, ?, ?, ?, ?, ?, {_NEXT_TURN})",
                (
                    run_id,
                    kind,
                    _numbered(title, taken),
                    to_json(encode(config)),
                    device,
                    "queued",
                    created.isoformat(),
                ),
            )
        self.folder(run_id).mkdir()
        return run_id

    def run(self, run_id: str) -> Run:
        """Return a run by id; raise ``RunError`` if it does not exist."""
        runs = self._runs("WHERE id = ?", (run_id,))
        if not runs:
            raise RunError("run_unknown", run=run_id[:80])
        return runs[0]

    def listed(self) -> list[Run]:
        """Return all runs, newest first."""
        return self._runs("ORDER BY created DESC, turn DESC", ())

    def status(self, run_id: str, after: int = 0) -> RunStatus:
        """Return a run and its events after sequence number ``after``."""
        run = self.run(run_id)
        with self._database() as database:
            rows = database.execute(
                "SELECT body, sequence FROM events WHERE run = ? AND sequence > ?"
                " ORDER BY sequence",
                (run_id, after),
            ).fetchall()
        return RunStatus(
            state=run.state,
            records=_events(run, rows),
            error=run.error,
            position=run.position,
            run=run,
            sequence=rows[-1][1] if rows else after,
        )

    def events(self, run_id: str, of: type[E]) -> tuple[E, ...]:
        """Return the events of one type of a run, in order."""
        run = self.run(run_id)
        with self._database() as database:
            rows = database.execute(
                "SELECT body FROM events WHERE run = ? AND json_extract(body, '$.event') = ?"
                " ORDER BY sequence",
                (run_id, of.__name__),
            ).fetchall()
        return tuple(event for event in _events(run, rows) if isinstance(event, of))

    def record(self, run_id: str, event: Event) -> None:
        """Store an event, replacing an earlier one with the same key."""
        with self._database() as database:
            database.execute(
                "INSERT INTO events (run, key, body) VALUES (?, ?, ?)",
                (run_id, event.key, to_json(record_to_json(event), indent=None)),
            )

    def move(
        self,
        run_id: str,
        state: JobState,
        *,
        when: tuple[JobState, ...],
        error: FailureError | None = None,
    ) -> bool:
        """Change the state of a run atomically, if its current state allows it.

        Parameters
        ----------
        run_id
            The run to change.
        state
            The new state. A run that is queued goes to the end of its queue.
        when
            States in which the change is allowed.
        error
            Stored with the run; None clears an earlier error.

        Returns
        -------
        bool
            Whether the state was changed.

        """
        error_json = (
            None if error is None else to_json({"code": error.code, "values": error.values})
        )
        turn = _NEXT_TURN if state is JobState.QUEUED else "turn"
        placeholders = ", ".join("?" * len(when))
        with self._database() as database:
            cursor = database.execute(
                f"UPDATE runs SET state = ?, error = ?, turn = {turn}"
                f" WHERE id = ? AND state IN ({placeholders})",
                (state, error_json, run_id, *when),
            )
            return cursor.rowcount == 1

    def queue(self, device: str) -> list[str]:
        """Return the ids of the queued runs of a device, next one first."""
        runs = self._runs("WHERE state = 'queued' AND device = ? ORDER BY turn", (device,))
        return [run.id for run in runs]

    def rename(self, run_id: str, title: str) -> None:
        """Change the title of a run."""
        with self._database() as database:
            database.execute("UPDATE runs SET title = ? WHERE id = ?", (title, run_id))

    def remove(self, run_id: str) -> None:
        """Delete a run with its events and files."""
        with self._database() as database:
            database.execute("DELETE FROM events WHERE run = ?", (run_id,))
            database.execute("DELETE FROM runs WHERE id = ?", (run_id,))
        shutil.rmtree(self.folder(run_id), ignore_errors=True)

    def _runs(self, condition: str, values: tuple[str, ...]) -> list[Run]:
        columns = "id, kind, title, config, device, state, created, error"
        with self._database() as database:
            rows = database.execute(
                f"SELECT {columns}, {_POSITION} FROM runs {condition}", values
            ).fetchall()
        return [_run(row) for row in rows]

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(
                sqlite3.connect(self.root / "runs.sqlite", timeout=_LOCK_TIMEOUT)
            ) as database:
                database.execute("PRAGMA journal_mode = WAL")
                with database:
                    yield database
        except sqlite3.Error as error:
            raise FailureError("run_store", folder=str(self.root), reason=str(error)) from error


def _numbered(title: str, taken: Collection[str]) -> str:
    """Return the title, or the first of "title (2)", "title (3)", ... that is not taken."""
    names = chain([title], (f"{title} ({number})" for number in count(2)))
    return next(name for name in names if name not in taken)


def _events(run: Run, rows: Iterable[Sequence[Any]]) -> tuple[Event, ...]:
    types = job_kind(run.kind).events
    try:
        return tuple(record_from_json(json.loads(row[0]), types) for row in rows)
    except ValueError as error:  # written by another version of this library
        raise FailureError("run_store", folder=run.id, reason=str(error)) from error


def _config(kind: str, values: object) -> object:
    """Decode a config; return the JSON value if the kind is unknown or the value does not fit."""
    if kind not in KINDS:
        return values
    try:
        return cast(object, decode(job_kind(kind).config, values))
    except (ResnetVizError, ValueError):
        return values


def _run(row: tuple[Any, ...]) -> Run:
    run_id, kind, title, config, device, state, created, error, position = row
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
    )
