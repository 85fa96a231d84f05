"""Tables as CSV that a spreadsheet may open: a stranger's text is never taken for a formula."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(frame: "pd.DataFrame") -> str:
    """Return a table as CSV, without its index.

    Spreadsheets compute cells that begin with ``=``, ``+``, ``-`` or ``@``, and class and file
    names are chosen by strangers. Such a cell gets an apostrophe in front, which spreadsheets take
    for "this is text". Numbers stay as they are.
    """
    plain = frame.rename(columns=_plain)
    for position, kind in enumerate(plain.dtypes):
        if kind.kind not in "biufcM":
            plain.isetitem(position, [_plain(cell) for cell in plain.iloc[:, position]])
    return str(plain.to_csv(index=False))


def _plain(cell: object) -> object:
    if not isinstance(cell, str) or not cell.startswith(_FORMULA) or _is_number(cell):
        return cell
    return f"'{cell}"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
