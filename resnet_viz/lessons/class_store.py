"""``ClassStore``: votes of classes, without accounts and without names.

A class has a code that pupils type and a key that only its teacher's address holds. A vote is one
of a question's answers; a pupil's later vote in the same round takes the place of the earlier one.
Every event is a line of a file in the class's name, so a restart of the process loses nothing.
"""

import hashlib
import hmac
import json
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock

from resnet_viz.core.errors import ClassError

#: Letters that cannot be taken for each other or for digits.
LETTERS = "ABCDEFGHJKMNPQRTUVWXYZ"
CODE_LENGTH = 4

MOST_CLASSES, MOST_PUPILS, MOST_QUESTIONS = 50, 400, 40
HOURS_KEPT = 4.0
_LONGEST_NAME = 80  # characters of an answer, a question or a pupil's random name
_ROUNDS = (1, 2)


@dataclass(frozen=True)
class Ballot:
    """One vote."""

    question: str  # lesson and task: "two-by-two predict"
    round: int  # 1, or 2 after the neighbours have talked
    pupil: str  # random, and nothing else
    answer: str
    sureness: str
    at: float  # seconds since 1970


@dataclass
class _Room:
    """A class: its state and its ballots, the last of each pupil by question and round."""

    code: str
    key_digest: str
    started: float
    ballots: dict[tuple[str, int, str], Ballot] = field(default_factory=dict)
    pupils: dict[str, int] = field(default_factory=dict)  # numbered in order of their first vote
    shown: set[tuple[str, int]] = field(default_factory=set)
    round_of: dict[str, int] = field(default_factory=dict)
    address: str = ""  # where the teacher is, for those who follow


@dataclass(frozen=True)
class Tally:
    """The votes on a question in one round; ``counts`` are empty until the teacher shows them."""

    round: int
    answered: int
    pupils: int
    shown: bool
    counts: Mapping[str, int]


class ClassStore:
    """The classes of one process, safe for threads.

    Parameters
    ----------
    folder
        Where the files are; read at the start.
    clock
        Returns seconds since 1970.

    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder, self._clock, self._lock = folder, clock, Lock()
        self._rooms: dict[str, _Room] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.glob("*.jsonl")):
            self._read(path)
        self._forget_old()

    def start(self) -> tuple[str, str]:
        """Start a class; return its code and the teacher's key.

        Raises
        ------
        ClassError
            If there are too many classes.

        """
        with self._lock:
            self._forget_old()
            if len(self._rooms) >= MOST_CLASSES:
                raise ClassError("class_full", most=MOST_CLASSES)
            code = self._new_code()
            key = secrets.token_urlsafe(16)
            room = _Room(code, _digest(key), self._clock())
            self._rooms[code] = room
            self._write(room, {"event": "start", "key": room.key_digest, "at": room.started})
            return code, key

    def is_teacher(self, code: str, key: str) -> bool:
        """Whether a key is that of a class's teacher."""
        with self._lock:
            return hmac.compare_digest(self._room(code).key_digest, _digest(key))

    def exists(self, code: str) -> bool:
        """Whether there is a class with this code now."""
        with self._lock:
            self._forget_old()
            return code in self._rooms

    def vote(
        self, code: str, question: str, pupil: str, answer: str, sureness: str = ""
    ) -> None:  # fmt: skip
        """Count a vote; a pupil's earlier one on this question and round is replaced.

        Raises
        ------
        ClassError
            If the class is unknown or over, if its question or pupils are too many, or a name too
            long.

        """
        with self._lock:
            room = self._room(code)
            if max(map(len, (question, pupil, answer, sureness))) > _LONGEST_NAME:
                raise ClassError("class_name_long", most=_LONGEST_NAME)
            questions = {one for one, _, _ in room.ballots}
            if question not in questions and len(questions) >= MOST_QUESTIONS:
                raise ClassError("class_questions", most=MOST_QUESTIONS)
            if pupil not in room.pupils and len(room.pupils) >= MOST_PUPILS:
                raise ClassError("class_pupils", most=MOST_PUPILS)
            ballot = Ballot(
                question, room.round_of.get(question, 1), pupil, answer, sureness, self._clock()
            )
            _count(room, ballot)
            self._write(room, {"event": "vote", **asdict(ballot)})

    def voted(self, code: str, question: str, pupil: str) -> str | None:
        """Return what a pupil has voted in the present round; None if nothing yet."""
        with self._lock:
            room = self._room(code)
            ballot = room.ballots.get((question, room.round_of.get(question, 1), pupil))
            return None if ballot is None else ballot.answer

    def tally(self, code: str, question: str, round_: int | None = None) -> Tally:
        """Return the votes on a question, by default of its present round."""
        with self._lock:
            room = self._room(code)
            chosen = room.round_of.get(question, 1) if round_ is None else round_
            answers = [
                ballot.answer
                for (one, of, _), ballot in room.ballots.items()
                if (one, of) == (question, chosen)
            ]
            shown = (question, chosen) in room.shown
            counts = dict(Counter(answers)) if shown else {}
            return Tally(chosen, len(answers), len(room.pupils), shown, counts)

    def show(self, code: str, key: str, question: str) -> None:
        """Show the votes of the present round to everybody; until then nobody sees them."""
        with self._lock:
            room = self._teachers(code, key)
            round_ = room.round_of.get(question, 1)
            room.shown.add((question, round_))
            self._write(room, {"event": "show", "question": question, "round": round_})

    def vote_again(self, code: str, key: str, question: str) -> None:
        """Begin the second round of a question, after neighbours have talked."""
        with self._lock:
            room = self._teachers(code, key)
            room.round_of[question] = _ROUNDS[-1]
            self._write(room, {"event": "again", "question": question})

    def go_to(self, code: str, key: str, address: str) -> None:
        """Say where the teacher is, for the pupils who follow."""
        with self._lock:
            room = self._teachers(code, key)
            room.address = address[: 4 * _LONGEST_NAME]
            self._write(room, {"event": "go", "address": room.address})

    def teacher_at(self, code: str) -> str:
        """Return where the teacher is: the parameters of an address."""
        with self._lock:
            return self._room(code).address

    def rows(self, code: str, key: str) -> list[dict[str, object]]:
        """Return every vote for a table: pupils are numbers, times are seconds from the start."""
        with self._lock:
            room = self._teachers(code, key)
            return [
                {
                    "question": ballot.question,
                    "round": ballot.round,
                    "answer": ballot.answer,
                    "sureness": ballot.sureness,
                    "pupil": room.pupils[ballot.pupil],
                    "seconds": round(max(0.0, ballot.at - room.started), 1),
                }
                for ballot in room.ballots.values()
            ]

    def forget(self, code: str, key: str) -> None:
        """Delete a class and its file."""
        with self._lock:
            self._delete(self._teachers(code, key).code)

    def _new_code(self) -> str:
        while True:
            code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
            if code not in self._rooms:
                return code

    def _room(self, code: str) -> _Room:
        self._forget_old()
        if code not in self._rooms:
            raise ClassError("class_unknown", letters=code[:8])
        return self._rooms[code]

    def _teachers(self, code: str, key: str) -> _Room:
        room = self._room(code)
        if not hmac.compare_digest(room.key_digest, _digest(key)):
            raise ClassError("class_key")
        return room

    def _forget_old(self) -> None:
        """Delete what is too old; a clock that went back deletes nothing."""
        oldest = self._clock() - 3600 * HOURS_KEPT
        for code in [room.code for room in self._rooms.values() if room.started < oldest]:
            self._delete(code)

    def _delete(self, code: str) -> None:
        del self._rooms[code]
        self._path(code).unlink(missing_ok=True)

    def _path(self, code: str) -> Path:
        return self._folder / f"{code}.jsonl"

    def _write(self, room: _Room, event: dict[str, object]) -> None:
        with self._path(room.code).open("a", encoding="utf-8") as file:
            file.write(json.dumps(event, ensure_ascii=False) + "\n")

    def _read(self, path: Path) -> None:
        """Read a class's file; a line that was cut off by a crash is left out."""
        room = None
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                event = json.loads(line)
                room = _replayed(room, path.stem, event)
            except (ValueError, TypeError, KeyError):
                continue
        if room is not None:
            self._rooms[room.code] = room


def _replayed(room: _Room | None, code: str, event: dict[str, object]) -> _Room | None:
    """Apply an event of a class's file."""
    kind = event.pop("event")
    if kind == "start":
        return _Room(code, str(event["key"]), float(str(event["at"])))
    if room is None:
        return None
    if kind == "vote":
        _count(room, Ballot(**event))  # type: ignore[arg-type]  # as written by ``_write``
    elif kind == "show":
        room.shown.add((str(event["question"]), int(str(event["round"]))))
    elif kind == "again":
        room.round_of[str(event["question"])] = _ROUNDS[-1]
    elif kind == "go":
        room.address = str(event["address"])
    return room


def _count(room: _Room, ballot: Ballot) -> None:
    room.pupils.setdefault(ballot.pupil, len(room.pupils) + 1)
    room.ballots[ballot.question, ballot.round, ballot.pupil] = ballot


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
