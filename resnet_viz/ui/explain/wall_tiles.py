"""What is known of each method on the wall, as tiles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.explain.explain_picture import ExplainRequest
from resnet_viz.explain.method_names import MethodName
from resnet_viz.explain.method_passes import forward_passes
from resnet_viz.explain.methods import METHODS, Cost
from resnet_viz.figures.evidence import evidence, evidence_top, grey_ground, thumbnail
from resnet_viz.figures.tile_wall import Tile, TileRow
from resnet_viz.jobs.running_thread import RunningThread
from resnet_viz.pictures.decode import Picture
from resnet_viz.records import Pair, Role
from resnet_viz.records.explained_picture import ExplainedPicture
from resnet_viz.records.faithfulness_scores import Better, FaithfulnessScore
from resnet_viz.ui.explain.explanation_jobs import explanation_key, finished, known_scores
from resnet_viz.ui.explain.side_words import layer_channels, side_title
from resnet_viz.ui.explain.wall_jobs import Filled, Speed, cheapest_first, with_method
from resnet_viz.ui.frame.engines import results
from resnet_viz.ui.frame.media import jpeg_uri
from resnet_viz.ui.frame.session import EXPLAIN_OPACITY, OWN_SCALE, WALL_SORT, WALL_WHOLE

_SIDE = 112  # pixels of a tile
_TILE_BYTES = 120_000


@dataclass(frozen=True)
class WallSide:
    """One network on the wall: what is asked of it, its role and its title."""

    loaded: Loaded
    request: ExplainRequest
    role: Role
    title: str


@dataclass(frozen=True, eq=False)
class Found:
    """What is known of one method for one network."""

    explained: ExplainedPicture | None
    score: FaithfulnessScore | None
    refused: str  # why the method does not fit the network
    seconds: float | None  # about how long it will take


def measure_of(score: str) -> str:
    """Return the measure that gives a score."""
    return "road" if score.startswith("road_") else score


def found_on(
    side: WallSide, job: RunningThread[Filled | Speed], picture: Picture, text: Text
) -> dict[MethodName, Found]:
    """Return what is known of each method; nothing is computed here."""
    records = job.poll().records
    refused = {
        one.method: one.refused.sentence(text)
        for one in records
        if isinstance(one, Filled) and one.refused is not None
    }
    speed = next((one.seconds for one in records if isinstance(one, Speed)), None)
    return {
        name: Found(
            finished(side.loaded, picture, with_method(side.request, name)),
            _score(side, picture, name),
            refused.get(name, ""),
            _seconds(side, name, speed),
        )
        for name in cheapest_first()
    }


def _score(side: WallSide, picture: Picture, name: MethodName) -> FaithfulnessScore | None:
    wanted = WALL_SORT.get()
    known = known_scores(side.loaded, picture, with_method(side.request, name), measure_of(wanted))
    return next((score for score in known if score.name == wanted), None)


def _seconds(side: WallSide, name: MethodName, speed: float | None) -> float | None:
    channels = layer_channels(side.loaded.spec, side.request.layer)
    if speed is None or (METHODS[name].cost is Cost.PER_CHANNEL and channels is None):
        return None
    options = METHODS[name].options_with()
    size = side.loaded.preprocessing.size
    return speed * forward_passes(name, options, channels or 0, size)


def sorted_methods(found: Pair[Mapping[MethodName, Found]]) -> list[MethodName]:
    """Return all methods, the most faithful first, by the mean over both networks.

    So a method stands at the same place for both. Those without a score come last, cheapest first.
    """

    def rank(name: MethodName) -> float:
        scores = [side[name].score for side in found]
        values = [
            score.value if score.better is Better.LOW else -score.value
            for score in scores
            if score is not None
        ]
        return float(np.mean(values)) if values else float("inf")

    return sorted(cheapest_first(), key=rank)


def tile_rows(
    sides: Pair[WallSide],
    picture: Picture,
    found: Pair[Mapping[MethodName, Found]],
    order: Sequence[MethodName],
    text: Text,
) -> Pair[TileRow]:
    """Return the tiles of both networks; a method has one scale for both."""
    pixels = {name: _tile_pixels(name, sides, picture, found) for name in order}
    drawn = Pair({n: both.first for n, both in pixels.items()},
                 {n: both.second for n, both in pixels.items()})  # fmt: skip

    def row(
        one: tuple[
            WallSide, tuple[Mapping[MethodName, Found], dict[MethodName, np.ndarray | None]]
        ],
    ) -> TileRow:
        side, (known, tiles) = one
        explained = next((f.explained for f in known.values() if f.explained is not None), None)
        return TileRow(
            side.role,
            side_title(side.title, side.loaded, explained, text),
            tuple(_tile(name, known[name], tiles[name], text) for name in order),
        )

    return sides.join(found.join(drawn)).map(row)


def _tile(
    name: MethodName, found: Found, pixels: UInt8[np.ndarray, "side side 3"] | None, text: Text
) -> Tile:
    title = text(f"methods.{name}")
    about = title
    waiting = "…"
    if found.refused:
        about, waiting = f"{title}: {found.refused}", text("explain.does_not_fit")
    elif found.explained is None and METHODS[name].cost is not Cost.FEW and not WALL_WHOLE.get():
        waiting = _time(found.seconds, text)
        about = text("explain.not_asked", method=title)
    elif found.explained is not None and found.explained.explanation.blank is not None:
        blank = text(f"explain.blank_{found.explained.explanation.blank}")
        about = f"{title}: {blank}"
    return Tile(
        name=title,
        pixels=pixels,
        note="" if found.score is None else readable(found.score.value, 2),
        about=about,
        waiting=waiting,
        picks=name.value,
        source="" if pixels is None else jpeg_uri(pixels),
    )


def _time(seconds: float | None, text: Text) -> str:
    if seconds is None:
        return "…"
    return text("explain.about_seconds", seconds=max(1, round(seconds)))


def _tile_pixels(
    name: MethodName,
    sides: Pair[WallSide],
    picture: Picture,
    found: Pair[Mapping[MethodName, Found]],
) -> Pair[UInt8[np.ndarray, "side side 3"] | None]:
    explained = found.map(lambda side: side[name].explained)
    keys = sides.map(
        lambda side: explanation_key(side.loaded, picture, with_method(side.request, name))
    )
    there = explained.map(lambda one: one is not None)
    if not any(there):
        return Pair(None, None)
    own, opacity = OWN_SCALE.get(), EXPLAIN_OPACITY.get()
    return results().cached(
        ("tile", *keys, *there, own, opacity),
        lambda: _evidence_tiles(explained, own=own, opacity=opacity / 100),
        _TILE_BYTES,
    )


def _evidence_tiles(
    explained: Pair[ExplainedPicture | None], *, own: bool, opacity: float
) -> Pair[UInt8[np.ndarray, "side side 3"] | None]:
    """Return small pictures of both networks' maps, on one scale unless ``own``."""
    maps = [one.explanation.map for one in explained if one is not None]

    def tile(one: ExplainedPicture | None) -> UInt8[np.ndarray, "side side 3"] | None:
        if one is None:
            return None
        values = one.explanation.map
        top = evidence_top([values] if own else maps)
        return evidence(grey_ground(thumbnail(one.photo, _SIDE)), values, top, opacity=opacity)

    return explained.map(tile)
