"""The wall: every method's map on the grey photo, for both networks, filled in as they come."""

from collections.abc import Mapping

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.explain.method_names import MethodName
from resnet_viz.explain.methods import METHODS, Cost
from resnet_viz.figures.tile_wall import wall_html
from resnet_viz.jobs.running_thread import RunningThread
from resnet_viz.pictures.decode import Picture
from resnet_viz.records import Pair
from resnet_viz.ui.explain.wall_jobs import Filled, Speed, cheapest_first, fill_wall
from resnet_viz.ui.explain.wall_tiles import (
    Found,
    WallSide,
    found_on,
    measure_of,
    sorted_methods,
    tile_rows,
)
from resnet_viz.ui.frame.components.drawing import drawing
from resnet_viz.ui.frame.engines import measurements
from resnet_viz.ui.frame.session import METHOD, WALL_JOBS, WALL_SORT, WALL_WHOLE
from resnet_viz.ui.frame.words import md_escape

_FIRST_LOOK, _LOOK_EVERY = 0.3, 0.7  # seconds


def show_wall(sides: Pair[WallSide], picture: Picture, text: Text) -> None:
    """Fill the wall and show it; a click opens a method."""
    jobs = _started(sides, picture)
    jobs.first.wait(_FIRST_LOOK)
    active = _active(jobs)
    opened = METHOD.get()
    every = _LOOK_EVERY if active else None
    st.fragment(_wall, run_every=every)(sides, picture, active, opened, text)


def _started(sides: Pair[WallSide], picture: Picture) -> Pair[RunningThread[Filled | Speed]]:
    methods = cheapest_first() if WALL_WHOLE.get() else quick_methods()
    measure = measure_of(WALL_SORT.get())
    jobs = sides.map(lambda side: fill_wall(side.loaded, picture, side.request, methods, measure))
    keys = [job.key for job in jobs]
    for key in WALL_JOBS.get():
        if key not in keys and (before := measurements().find(key)) is not None:
            before.stop()  # nobody looks at it any more; what it found is kept
    WALL_JOBS.set(keys)
    return jobs


def quick_methods() -> tuple[MethodName, ...]:
    """Return the methods that need no asking."""
    return tuple(name for name in cheapest_first() if METHODS[name].cost is Cost.FEW)


def _active(jobs: Pair[RunningThread[Filled | Speed]]) -> bool:
    return any(job.poll().state.active for job in jobs)


def _wall(sides: Pair[WallSide], picture: Picture, active: bool, opened: str, text: Text) -> None:
    jobs = _started(sides, picture)
    if METHOD.get() != opened or _active(jobs) is not active:
        st.rerun()
    found = sides.join(jobs).map(lambda both: found_on(both[0], both[1], picture, text))
    order = cheapest_first() if active else sorted_methods(found)
    rows = tile_rows(sides, picture, found, order, text)
    drawing(
        wall_html([*rows]),
        key="wall",
        on_pick=_open,
    )
    _below(found, jobs, active, text)


def _open(name: str) -> None:
    if name in METHODS:
        METHOD.set(name)


def _below(
    found: Pair[Mapping[MethodName, Found]],
    jobs: Pair[RunningThread[Filled | Speed]],
    active: bool,
    text: Text,
) -> None:
    """Say how far it is and what the order means, and offer the slow methods."""
    sort = WALL_SORT.get()
    st.markdown(
        f"**{md_escape(text(f'scores.{sort}'))}**: {md_escape(text(f'score_about.{sort}'))}"
    )
    for job in jobs:
        if (error := job.poll().error) is not None:
            st.warning(md_escape(error.sentence(text)))
    if active:
        done = min(sum(isinstance(one, Filled) for one in job.poll().records) for job in jobs)
        count = len(cheapest_first() if WALL_WHOLE.get() else quick_methods())
        st.progress(done / count, text=text("explain.filling", done=done, total=count))
        return
    rest = [
        name
        for name in cheapest_first()
        if any(side[name].explained is None and not side[name].refused for side in found)
    ]
    if rest and not WALL_WHOLE.get():
        seconds = sum(side[name].seconds or 0 for side in found for name in rest)
        label = text("explain.fill_rest", count=len(rest), seconds=max(1, round(seconds)))
        st.button(label, key="wall_whole_start", on_click=WALL_WHOLE.set, args=(True,))
    st.caption(text("explain.wall_caption"))
