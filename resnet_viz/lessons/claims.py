"""The claims of tutorials: the verdict on each, and the lesson that shows it with numbers."""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from resnet_viz.lessons.lesson import Lesson
from resnet_viz.lessons.lesson_files import FOLDER, find_lesson


class ClaimVerdict(StrEnum):
    """What is said of a claim."""

    HOLDS = "holds"
    CONDITIONS = "conditions"
    WRONG = "wrong"


@dataclass(frozen=True)
class TutorialClaim:
    """A claim as tutorials usually write it; its sentences are in the table ``claims``."""

    name: str
    verdict: ClaimVerdict
    lesson: Lesson


@cache
def tutorial_claims() -> tuple[TutorialClaim, ...]:
    """Return every claim, in the order of its file."""
    rows = tomllib.loads((FOLDER / "claims.toml").read_text(encoding="utf-8"))
    return tuple(
        TutorialClaim(name, ClaimVerdict(row["verdict"]), find_lesson(row["lesson"]))
        for name, row in rows.items()
    )
