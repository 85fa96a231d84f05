"""Records of jobs as JSON: the only place that knows how the queue and a sandbox write them down.

An event of the queue is a frozen record with a ``key``. The queue keeps the latest event of each
key, so a resumed run may report again what it had reported before it died.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar, runtime_checkable

from resnet_viz.core.converter import JsonObject, decode, encode

E = TypeVar("E")

#: Key of events that are only of interest while they are new.
PROGRESS = "progress"


@runtime_checkable
class Event(Protocol):
    """A frozen record that a job reports."""

    @property
    def key(self) -> str:
        """What it is the latest of."""
        ...


def record_to_json(record: object) -> JsonObject:
    """The record's fields, and the name of its type."""
    return {"event": type(record).__name__, **encode(record)}


def record_from_json(values: Mapping[str, object], types: Mapping[str, type[E]]) -> E:
    """The record, which is of one of ``types`` (by name); ``ValueError`` where it is of none."""
    name = values.get("event")
    if not isinstance(name, str) or name not in types:
        raise ValueError(f"no event of {', '.join(types)}: {name!r:.80}")
    return decode(types[name], values)


def of_type(events: Iterable[object], of: type[E]) -> list[E]:
    """The events of one type, in order."""
    return [event for event in events if isinstance(event, of)]


def last_of(events: Iterable[object], of: type[E]) -> E | None:
    """The last event of a type, where there is one."""
    return next(iter(reversed(of_type(events, of))), None)
