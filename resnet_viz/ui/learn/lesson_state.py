"""How far a visitor is in a lesson: kept in the session and in the address.

A guess is committed once. It survives a reload and a change of language, because the address holds
the answer's name; and nothing changes it after the reveal.
"""

from dataclasses import dataclass

from resnet_viz.lessons.lesson import STEPS, Lesson, Step
from resnet_viz.ui.frame.session import (
    ADDRESS_GUESS,
    ADDRESS_PANEL,
    ADDRESS_STEP,
    LESSON,
    LESSON_GUESSES,
    LESSON_STEPS,
)

#: In the place of a guess: the question was passed over.
SKIPPED = "skip"


@dataclass(frozen=True)
class LessonState:
    """The step that was reached, from 1, and the guess; None before it is committed."""

    lesson: Lesson
    step: int
    guess: str | None

    @property
    def guessed(self) -> str | None:
        """The answer that was guessed; None if the question was skipped or is open."""
        return None if self.guess == SKIPPED else self.guess

    def reached(self, step: Step) -> bool:
        """Whether a step is shown."""
        return STEPS.index(step) < self.step


def lesson_state(lesson: Lesson) -> LessonState:
    """Return the state of a lesson: of the session, the first time of the address."""
    steps, guesses = LESSON_STEPS[lesson.name], LESSON_GUESSES[lesson.name]
    if not steps.is_set:
        guess = ADDRESS_GUESS.in_address
        guesses.set(guess if guess in (*lesson.predict.choices, SKIPPED) else None)
        steps.set(_step(ADDRESS_STEP.in_address))
    step, guess_made = steps.get(), guesses.get()
    if guess_made is None and step > 1:  # a teacher's link that begins behind the question
        guess_made = SKIPPED
        guesses.set(guess_made)
    step = max(step, 2) if guess_made is not None else 1
    ADDRESS_STEP.write_address(str(step) if step > 1 else "")
    ADDRESS_GUESS.write_address(guess_made or "")
    return LessonState(lesson, step, guess_made)


def _step(word: str) -> int:
    return int(word) if word in {str(n) for n in range(1, len(STEPS) + 1)} else 1


def commit(lesson: Lesson, guess: str) -> None:
    """Commit the guess and show the figure; an earlier guess stays."""
    if LESSON_GUESSES[lesson.name].get() is None:
        LESSON_GUESSES[lesson.name].set(guess)
        advance(lesson, Step.SEE)


def advance(lesson: Lesson, step: Step) -> None:
    """Show a step; those before it stay."""
    steps = LESSON_STEPS[lesson.name]
    steps.set(max(steps.get(), STEPS.index(step) + 1))


def open_lesson(name: str | None) -> None:
    """Open a lesson, or the list; the address keeps nothing of the lesson before it."""
    LESSON.set(name)
    for key in (ADDRESS_STEP, ADDRESS_GUESS, ADDRESS_PANEL):
        key.write_address("")


def done(lesson: Lesson) -> bool:
    """Whether the last step was reached in this session."""
    return LESSON_STEPS[lesson.name].get() == len(STEPS)
