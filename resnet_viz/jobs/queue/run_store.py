"""Storage of runs and their events in one SQLite file (WAL) shared by all processes.

Only the latest event of each key is stored, so a resumed run may report the same events again
without duplicating them.
"""

import secrets
import shutil
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import TypeVar

from resnet_viz.core.converter import encode
from resnet_viz.core.errors import FailureError, RunError
from resnet_viz.core.places import home
from resnet_viz.core.saving import to_json
from resnet_viz.jobs.codec import Event, record_to_json
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue.run import Run, RunStatus
from resnet_viz.jobs.queue.run_rows import (
    NEXT_START,
    NEXT_TURN,
    QUEUE,
    RUNS,
    VERSION,
    bring_up_to_date,
    read_events,
    read_run,
)

_LOCK_TIMEOUT = 20.0  # seconds to wait while another process writes
_TRIES = 5  # ids, until one is free


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
            raise self._unusable(error.strerror or type(error).__name__) from error
        with self._database() as database:
            version = bring_up_to_date(database)
        if version > VERSION:
            raise FailureError("run_store_newer", folder=str(self.root))

    def folder(self, run_id: str) -> Path:
        """Return the folder for the checkpoints and files of a run."""
        return self.root / run_id

    def create(self, kind: str, config: object, title: str, device: str, owner: str = "") -> str:
        """Add a run to the end of its owner's queue on a device; return its id.

        A title that another run of this kind and owner has gets a number: "digits (2)".
        """
        created = datetime.now(UTC)
        run_id = self._new_folder(created)
        try:
            with self._database() as database:
                titles = database.execute(
                    "SELECT title FROM runs WHERE kind = ? AND owner = ?", (kind, owner)
                )
                taken = {row[0] for row in titles}
                values = (run_id, kind, _numbered(title, taken), to_json(encode(config)), device,
                          "queued", created.isoformat(), owner)  # fmt: skip
                database.execute(
                    "INSERT INTO runs"
                    " (id, kind, title, config, device, state, created, owner, turn)"
                    f" VALUES (?, ?, ?, ?, ?, ?, ?, ?, {NEXT_TURN})",
                    values,
                )
        except BaseException:
            shutil.rmtree(self.folder(run_id), ignore_errors=True)
            raise
        return run_id

    def _new_folder(self, created: datetime) -> str:
        """Make the folder of a new run, whose name no other run has; return the name."""
        for _ in range(_TRIES):
            run_id = f"{created:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
            try:
                self.folder(run_id).mkdir()
            except FileExistsError:
                continue
            except OSError as error:
                raise self._unusable(error.strerror or type(error).__name__) from error
            return run_id
        raise self._unusable("no free name")

    def run(self, run_id: str) -> Run:
        """Return a run by id; raise ``RunError`` if it does not exist."""
        runs = self._runs("WHERE runs.id = ?", (run_id,))
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
        records, unreadable = read_events(run, rows)
        error = run.error
        if unreadable and error is None:
            error = FailureError("run_events", run=run.title, count=unreadable)
        return RunStatus(
            state=run.state,
            records=records,
            error=error,
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
        return tuple(event for event in read_events(run, rows)[0] if isinstance(event, of))

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
        turn = NEXT_TURN if state is JobState.QUEUED else "turn"
        started = NEXT_START if state is JobState.RUNNING else "started"
        placeholders = ", ".join("?" * len(when))
        with self._database() as database:
            cursor = database.execute(
                f"UPDATE runs SET state = ?, error = ?, turn = {turn}, started = {started}"
                f" WHERE id = ? AND state IN ({placeholders})",
                (state, error_json, run_id, *when),
            )
            return cursor.rowcount == 1

    def waiting_devices(self) -> list[str]:
        """Return the devices that have queued runs."""
        with self._database() as database:
            rows = database.execute(
                "SELECT DISTINCT device FROM runs WHERE state = 'queued'"
            ).fetchall()
        return [str(row[0]) for row in rows]

    def states(self) -> list[str]:
        """Return the state of every run, without reading anything else."""
        with self._database() as database:
            return [str(row[0]) for row in database.execute("SELECT state FROM runs")]

    def queue(self, device: str) -> list[str]:
        """Return the ids of the queued runs of a device, next one first: owners take turns."""
        with self._database() as database:
            rows = database.execute(
                f"{QUEUE} SELECT id FROM queue WHERE device = ? ORDER BY position", (device,)
            ).fetchall()
        return [str(row[0]) for row in rows]

    def share(self, run_id: str, key: str) -> None:
        """Set the key that lets others see a run; empty to let nobody."""
        with self._database() as database:
            database.execute("UPDATE runs SET share = ? WHERE id = ?", (key, run_id))

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
        with self._database() as database:
            rows = database.execute(f"{RUNS} {condition}", values).fetchall()
        return [read_run(row) for row in rows]

    def _unusable(self, reason: str) -> FailureError:
        return FailureError("run_store", folder=str(self.root), reason=reason)

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
            raise self._unusable(str(error)) from error


def _numbered(title: str, taken: Collection[str]) -> str:
    """Return the title, or the first of "title (2)", "title (3)", ... that is not taken."""
    names = chain([title], (f"{title} ({number})" for number in count(2)))
    return next(name for name in names if name not in taken)
