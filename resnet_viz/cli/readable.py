"""Results for people: nested values as indented lines, rows of equal fields as a table."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from resnet_viz.core.number_format import readable

_UNWRAPPED = 100_000  # columns, where no terminal sets a width
_INDENT = 2  # columns per level


def print_readable(value: Any, console: Console | None = None) -> None:
    """Print a result of plain values.

    A terminal gets colours and cells that wrap at its width. A pipe or a file gets text without
    control sequences, one line per row. ``console`` is standard output by default.
    """
    console = console or Console(highlight=False)
    if not console.is_terminal:
        console.width = _UNWRAPPED
    for part in _parts(value, 0, console.is_terminal):
        console.print(part, soft_wrap=isinstance(part, Text))


def print_line(row: Mapping[str, object], console: Console | None = None) -> None:
    """Print a row of a result that grows, as one line."""
    cells = (f"{name} {_cell(value)}" for name, value in row.items())
    (console or Console(highlight=False)).print(Text("  ".join(cells)), soft_wrap=True)


def _parts(value: Any, indent: int, styled: bool) -> Iterator[RenderableType]:
    margin = " " * indent
    if isinstance(value, list) and value and isinstance(value[0], dict):
        yield Padding(_table(value, styled), (0, 0, 0, indent), expand=False)
    elif isinstance(value, dict):
        for name, item in value.items():
            heading = Text.assemble(margin, (name, "bold" if styled else ""), ":")
            if isinstance(item, (dict, list)) and item:
                yield heading
                yield from _parts(item, indent + _INDENT, styled)
            else:
                yield Text.assemble(heading, " ", _cell(item))
    else:
        yield Text(margin + _cell(value))


def _table(rows: list[dict[str, object]], styled: bool) -> Table:
    table = Table(
        box=SIMPLE_HEAD if styled else None,
        padding=(0, 2, 0, 0),
        pad_edge=False,
        header_style="bold" if styled else "",
    )
    for name in rows[0]:
        numeric = all(isinstance(row[name], (int, float, type(None))) for row in rows)
        table.add_column(Text(name), justify="right" if styled and numeric else "left")
    for row in rows:
        table.add_row(*(Text(_cell(row[name])) for name in rows[0]))
    return table


def _cell(value: Any) -> str:
    match value:
        case None:
            return "-"
        case float():
            return readable(value, 4)
        case list() | tuple():
            words = any(isinstance(item, str) for item in value)
            return (", " if words else "x").join(map(str, value)) or "-"
        case dict() if not value:
            return "-"
        case _:
            return str(value)
