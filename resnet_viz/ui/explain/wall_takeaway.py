"""The wall as files: a picture and a table."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.explain.measures import MEASURES
from resnet_viz.figures.comparison_drawing import network_title
from resnet_viz.pictures.decode import Picture
from resnet_viz.records import Pair
from resnet_viz.report.wall_files import WallLine, wall_archive
from resnet_viz.ui.explain.explanation_jobs import finished, known_scores
from resnet_viz.ui.explain.wall_jobs import cheapest_first, with_method
from resnet_viz.ui.explain.wall_tiles import WallSide
from resnet_viz.ui.frame.session import WALL_SORT

_ENGLISH = Text("en")  # files have names and words for programs


def offer_wall(sides: Pair[WallSide], picture: Picture, text: Text) -> None:
    """Show the button; what is not explained yet is left out."""
    st.download_button(
        text("explain.download_wall"),
        lambda: wall_archive(_lines(sides, picture), WALL_SORT.get()),
        file_name="explain-wall.zip",
        mime="application/zip",
        on_click="ignore",
        help=text("explain.download_wall_help"),
        key="wall_download",
    )


def _lines(sides: Pair[WallSide], picture: Picture) -> Pair[list[WallLine]]:
    def lines(side: WallSide) -> list[WallLine]:
        title = network_title(side.loaded.spec, _ENGLISH)
        found = []
        for name in cheapest_first():
            request = with_method(side.request, name)
            explained = finished(side.loaded, picture, request)
            if explained is not None:
                known = [known_scores(side.loaded, picture, request, name) for name in MEASURES]
                scores = tuple(score for some in known for score in some)
                found.append(WallLine(side.role, title, explained, scores))
        return found

    return sides.map(lines)
