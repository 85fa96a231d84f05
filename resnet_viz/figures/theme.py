"""The common style of all plots; a network's colour and marker follow its role."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

from resnet_viz.core.number_format import readable
from resnet_viz.records import Role
from resnet_viz.spec.layer_names import stage_of


@dataclass(frozen=True)
class RoleStyle:
    """How a network is drawn: ``symbol`` and ``dash`` are Plotly's names, ``glyph`` is text."""

    colour: str
    symbol: str
    glyph: str
    dash: str


#: Any two colours differ by a CIELAB distance of 20 or more, for colour-blind eyes too, and each
#: has a contrast of 3 or more against a white and a dark page (WCAG 2.2, section 1.4.11).
STYLES: Mapping[Role, RoleStyle] = {
    Role.RESIDUAL: RoleStyle("#2563eb", "circle", "●", "solid"),
    Role.PLAIN: RoleStyle("#ea580c", "square", "■", "solid"),
    Role.FIRST: RoleStyle("#0d9488", "diamond", "◆", "solid"),
    Role.SECOND: RoleStyle("#b814aa", "triangle-up", "▲", "dash"),
}

#: The colour of a single series that is not a network.
ACCENT = "#2563eb"
#: Colours of several such series; distinguishable without red and green (Okabe and Ito 2008).
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8b8b8b")

_MOST_POWERS, _FEWEST_TICKS = 6, 3  # of a logarithmic axis
_GRID = "rgba(128, 128, 128, 0.25)"  # legible on white and on black
_FONT = '"Source Sans Pro", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif'


def styled(figure: go.Figure, *, height: int) -> go.Figure:
    """The figure in the common style, ``height`` pixels high; legends are above the curves."""
    figure.update_layout(
        height=height,
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        font={"family": _FONT, "size": 13},
        margin={"l": 8, "r": 8, "t": 36, "b": 8},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "title": None},
        hoverlabel={"font": {"family": _FONT}},
        dragmode=False,
    )
    figure.update_xaxes(gridcolor=_GRID, zeroline=False, automargin=True)
    figure.update_yaxes(gridcolor=_GRID, zeroline=False, automargin=True)
    return figure


def hover(values: Iterable[float | None]) -> list[str]:
    """Values as they are written in sentences, for ``hovertext``."""
    return ["" if value is None else readable(float(value)) for value in values]


def log_axis(values: Iterable[float]) -> dict[str, object]:
    """A logarithmic axis whose every tick is a whole number that can be read: 0.1, 1, 10.

    Plotly's own write the digits between two powers of ten alone, so that "2" is 2, 20 or 0.2.
    """
    positive = [value for value in map(float, values) if 0 < value < math.inf]
    if not positive:
        return {"type": "log"}
    low, high = min(positive), max(positive)
    decades = math.log10(high / low)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    step = max(1, math.ceil(decades / _MOST_POWERS))
    steps = ((1,), (1, 2, 5), range(1, 10)) if step == 1 else ((1,),)
    ticks: list[float] = []
    for mantissas in steps:
        of_tens = [n * 10.0**p for p in powers if p % step == 0 for n in mantissas]
        ticks = [tick for tick in of_tens if low / 1.3 <= tick <= high * 1.3]
        if len(ticks) >= _FEWEST_TICKS:
            break
    else:
        ticks = ticks if len(ticks) > 1 else sorted({low, high})
    return {
        "type": "log",
        "tickmode": "array",
        "tickvals": ticks,
        "ticktext": [readable(tick, 2).removeprefix("1 × ") for tick in ticks],
    }


def stage_ticks(layers: Sequence[str]) -> tuple[list[int], list[str]]:
    """Positions and labels of stages, without those that would overlap the one before."""
    starts = _stage_starts(layers)
    apart = len(layers) / 12  # rows that a line of text needs
    places: list[int] = []
    names: list[str] = []
    for name, place in starts.items():
        if not places or place - places[-1] >= apart:
            places.append(place)
            names.append(escape(name))
    return places, names


def layer_ticks(layers: Sequence[str]) -> dict[str, object]:
    """One label for each stage, where it starts; for an x axis of numbered layers."""
    starts = _stage_starts(layers)
    return {"tickvals": list(starts.values()), "ticktext": [escape(name) for name in starts]}


def _stage_starts(layers: Sequence[str]) -> dict[str, int]:
    starts: dict[str, int] = {}
    for place, name in enumerate(layers):
        starts.setdefault(stage_of(name), place)
    return starts
