"""JSON encoding of job records, used by the queue and the sandbox.

An event of the queue is a frozen record with a ``key``. The queue stores only the latest event of
each key, so a resumed run may report the same events again.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar, runtime_checkable

from resnet_viz.core.converter import JsonObject, decode, encode

E = TypeVar("E")

#: Key of progress events: each one replaces the previous one.
PROGRESS = "progress"


@runtime_checkable
class Event(Protocol):
    """A frozen record that a job reports."""

    @property
    def key(self) -> str:
        """Identity of the event: a later event with the same key replaces it."""
        ...


def record_to_json(record: object) -> JsonObject:
    """Encode a record as its fields plus its type name under ``event``."""
    return {"event": type(record).__name__, **encode(record)}


def record_from_json(values: Mapping[str, object], types: Mapping[str, type[E]]) -> E:
    """Decode a record written by ``record_to_json``.

    Parameters
    ----------
    values
        The JSON object.
    types
        The accepted record types, by name.

    Raises
    ------
    ValueError
        If the type is missing or not one of ``types``, or the fields do not fit it.

    """
    name = values.get("event")
    if not isinstance(name, str) or name not in types:
        raise ValueError(f"no event of {', '.join(types)}: {name!r:.80}")
    return decode(types[name], values)


def of_type(events: Iterable[object], of: type[E]) -> list[E]:
    """Return the events of one type, in order."""
    return [event for event in events if isinstance(event, of)]


def last_of(events: Iterable[object], of: type[E]) -> E | None:
    """Return the last event of one type, or None."""
    return next(iter(reversed(of_type(events, of))), None)
