"""Guesses: what somebody predicted before the result was shown, in an order that teaches."""

from collections.abc import Mapping

from resnet_viz.experiments.recordings import deepest_first
from resnet_viz.experiments.registry import EXPERIMENTS, Experiment
from resnet_viz.records import GuessOutcome, Verdict

#: All experiments in the suggested order: from what needs no other to what needs most of them.
SUGGESTED_ORDER = (
    "zero-means-identity",
    "degradation",
    "lesion",
    "grad-cam-sanity",
    "paths",
    "gradient-growth",
    "shortcut-strength",
    "shattered-gradients",
    "layer-responses",
    "cka",
    "refinement",
    "loss-landscape",
    "normalisation-free",
)

_MOST_CHARACTERS = 4_000  # of packed guesses
_BETWEEN, _WITHIN = "~", "."  # unreserved in an address


def in_order() -> list[Experiment]:
    """Return all experiments in the suggested order."""
    return [EXPERIMENTS[name] for name in SUGGESTED_ORDER]


def next_unguessed(guesses: Mapping[str, str], after: str = "") -> Experiment | None:
    """Return the next experiment without a guess, cyclically after one; None if all have one."""
    start = SUGGESTED_ORDER.index(after) + 1 if after in SUGGESTED_ORDER else 0
    names = (*SUGGESTED_ORDER[start:], *SUGGESTED_ORDER[:start])
    return next((EXPERIMENTS[name] for name in names if name not in guesses), None)


def recorded_verdict(row: Experiment) -> Verdict | None:
    """Return the verdict on the recording that is shown first."""
    return row.verdict(deepest_first(row)[0].finding)


def recorded_outcome(row: Experiment, guess: str) -> GuessOutcome:
    """Return how a guess relates to the recording that is shown first."""
    verdict = recorded_verdict(row)
    return GuessOutcome.OPEN if verdict is None else verdict.of(guess)


def packed(guesses: Mapping[str, str]) -> str:
    """Write guesses as text for an address, such as ``lesion.plain~paths.short``."""
    return _BETWEEN.join(
        f"{name}{_WITHIN}{guesses[name]}" for name in SUGGESTED_ORDER if name in guesses
    )


def unpacked(words: str) -> dict[str, str]:
    """Read guesses from text; what is no answer of an experiment is left out."""
    pairs = (pair.split(_WITHIN) for pair in words[:_MOST_CHARACTERS].split(_BETWEEN))
    return {
        pair[0]: pair[1]
        for pair in pairs
        if len(pair) == 2 and pair[0] in EXPERIMENTS and pair[1] in EXPERIMENTS[pair[0]].choices
    }
