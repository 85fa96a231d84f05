"""One method at every block: small pictures, of which a click chooses the layer."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.explain.cam_family import cam_formulas
from resnet_viz.explain.method_names import MethodName
from resnet_viz.figures.explanation_plots import block_tiles
from resnet_viz.figures.tile_wall import Tile, TileRow, wall_html
from resnet_viz.jobs.job import Running
from resnet_viz.pictures.decode import Picture
from resnet_viz.records import ByLayer, Pair, counterpart
from resnet_viz.records.explained_picture import ExplainedPicture
from resnet_viz.ui.explain.explanation_jobs import submit_blocks
from resnet_viz.ui.explain.wall_tiles import WallSide
from resnet_viz.ui.frame.components.drawing import drawing
from resnet_viz.ui.frame.media import jpeg_uri
from resnet_viz.ui.frame.session import LAYER
from resnet_viz.ui.running.waiting import wait


def show_blocks(
    sides: Pair[WallSide], picture: Picture, explained: Pair[ExplainedPicture], text: Text
) -> None:
    """Show the maps of all blocks, each on a scale that it shares with the other network's."""
    method = MethodName(explained.first.explanation.method)
    if method not in cam_formulas():
        return
    label = text("explain.working", method=text(f"methods.{method}"))

    def submitted(both: tuple[WallSide, ExplainedPicture]) -> Running[ByLayer[np.ndarray]]:
        side, one = both
        return submit_blocks(side.loaded, picture, method, one.target, one.explanation.against)

    jobs = sides.join(explained).map(submitted)  # in parallel
    maps = jobs.map(lambda job: wait(job, label))
    blocks = maps.map(list)
    picks = Pair(
        blocks.first, [counterpart(name, blocks.second, blocks.first) for name in blocks.second]
    )
    pixels = block_tiles(explained, maps)

    def row(
        one: tuple[tuple[WallSide, ByLayer[np.ndarray]], tuple[list[np.ndarray], Sequence[str]]],
    ) -> TileRow:
        (side, values), (tiles, own_picks) = one
        made = [
            Tile(
                name=name,
                pixels=tile,
                about=text("explain.block_about", block=name, high=readable(float(map_.max()))),
                picks=pick,
                source=jpeg_uri(tile),
            )
            for (name, map_), tile, pick in zip(values.items(), tiles, own_picks, strict=True)
        ]
        return TileRow(side.role, side.title, tuple(made))

    rows = sides.join(maps).join(pixels.join(picks)).map(row)
    st.markdown(f"**{text('explain.all_blocks')}**")
    drawing(
        wall_html([*rows], selected=LAYER.get(), scrolls=True),
        key="block_maps",
        on_pick=lambda name: _choose(name, blocks.first),
    )
    st.caption(text("explain.all_blocks_caption"))


def _choose(name: str, blocks: Sequence[str]) -> None:
    if name in blocks:
        LAYER.set(name)
