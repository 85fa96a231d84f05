"""All methods on one picture as files: the wall as a picture, and a table of their scores."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from resnet_viz.core.number_format import readable
from resnet_viz.core.tables import csv_text
from resnet_viz.figures.evidence import evidence, evidence_top, grey_ground, thumbnail
from resnet_viz.figures.tile_wall import Tile, TileRow, wall_picture
from resnet_viz.pictures.decode import to_png
from resnet_viz.records import Pair, Role
from resnet_viz.records.explained_picture import ExplainedPicture
from resnet_viz.records.faithfulness_scores import Better, FaithfulnessScore

_SIDE, _COLUMNS = 112, 9


@dataclass(frozen=True, eq=False)
class WallLine:
    """One method's map for one network, with the scores that were measured."""

    role: Role
    network: str
    explained: ExplainedPicture
    scores: tuple[FaithfulnessScore, ...]

    def value(self, score: str) -> FaithfulnessScore | None:
        """The score of that name, if it was measured."""
        return next((one for one in self.scores if one.name == score), None)


def wall_archive(lines: Pair[Sequence[WallLine]], score: str) -> bytes:
    """``wall.png``, sorted by a score with the most faithful first, and ``wall.csv``, in a ZIP."""
    ordered = lines.map(lambda side: sorted(side, key=lambda line: _rank(line.value(score))))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("wall.png", to_png(wall_picture(_rows(ordered, score), columns=_COLUMNS)))
        archive.writestr("wall.csv", csv_text(_table(ordered)))
    return buffer.getvalue()


def _rank(score: FaithfulnessScore | None) -> float:
    if score is None:
        return float("inf")
    return score.value if score.better is Better.LOW else -score.value


def _rows(lines: Pair[list[WallLine]], score: str) -> list[TileRow]:
    """Tiles of both networks; a method has one scale for both."""
    maps: dict[str, list[np.ndarray]] = {}
    for side in lines:
        for line in side:
            maps.setdefault(line.explained.explanation.method, []).append(
                line.explained.explanation.map
            )
    rows = []
    for side in lines:
        tiles = []
        for line in side:
            explained, value = line.explained, line.value(score)
            ground = grey_ground(thumbnail(explained.photo, _SIDE))
            method = explained.explanation.method
            note = "" if value is None else f"{score} {readable(value.value, 2)}"
            top = evidence_top(maps[method])
            tiles.append(Tile(method, evidence(ground, explained.explanation.map, top), note=note))
        if side:
            first = side[0]
            title = f"{first.network}: {first.explained.target_label}"
            rows.append(TileRow(first.role, title, tuple(tiles)))
    return rows


def _table(lines: Pair[list[WallLine]]) -> pd.DataFrame:
    rows = [
        {
            "network": line.network,
            "method": line.explained.explanation.method,
            "layer": line.explained.explanation.place,
            "target": line.explained.target_label,
            **{score.name: score.value for score in line.scores},
        }
        for side in lines
        for line in side
    ]
    return pd.DataFrame(rows, columns=None if rows else ["network", "method", "layer", "target"])
