"""Deletion and insertion as a film: the photo is eaten or grows while the probability moves.

Frames are exactly the images that the measures gave to the network (``explain.measures``): the same
order of pixels, the same counts, the same baselines.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from jaxtyping import Int64, UInt8

from resnet_viz.core.converter import JsonObject
from resnet_viz.core.number_format import percent
from resnet_viz.core.text import Text
from resnet_viz.figures.evidence import thumbnail
from resnet_viz.figures.theme import STYLES
from resnet_viz.pictures.decode import to_jpeg, to_png
from resnet_viz.records import Pair, Role
from resnet_viz.records.explained_picture import ExplainedPicture
from resnet_viz.records.explanation import Explanation
from resnet_viz.records.faithfulness_scores import FaithfulnessScore

_WIDE, _HIGH, _LEFT, _TOP, _BOTTOM = 420, 132, 40, 8, 22  # units of the curves
_SHEET_SIDE, _SHEET_GAP = 112, 4  # pixels
_FRAME_SIDE = 128  # pixels of a picture in the browser
_TINY = 64  # pixels of an input whose pixels can be seen one by one
#: Shares of the pixels at which the picture of a film shows its frames.
SHEET_SHARES = (0.0, 0.05, 0.1, 0.2, 0.35, 0.6, 1.0)


@dataclass(frozen=True, eq=False)
class Film:
    """One curve with its pictures: ``start`` becomes ``end``, pixel by pixel."""

    name: str  # "deletion" or "insertion"
    role: Role
    start: UInt8[np.ndarray, "height width 3"]
    end: UInt8[np.ndarray, "height width 3"]
    ranks: Int64[np.ndarray, "height width"]  # each pixel's turn, from 0
    score: FaithfulnessScore

    def frame(self, share: float) -> UInt8[np.ndarray, "height width 3"]:
        """The picture after this share of the pixels."""
        changed = self.ranks < round(share * self.ranks.size)
        return np.where(changed[..., None], self.end, self.start)


def pixel_ranks(explanation: Explanation) -> Int64[np.ndarray, "height width"]:
    """The turn of each pixel, the most relevant first and equal ones in reading order."""
    relevance = explanation.upsampled(explanation.input_size)
    order = np.argsort(-relevance.ravel(), kind="stable")
    ranks = np.empty(order.size, np.int64)
    ranks[order] = np.arange(order.size)
    return ranks.reshape(relevance.shape)


def films_of(picture: ExplainedPicture) -> list[Film]:
    """Deletion and insertion, if they were measured and the map has finite values only."""
    curves = {score.name: score for score in picture.scores if score.fractions is not None}
    if picture.emptied is None or picture.blurred is None or "deletion" not in curves:
        return []
    ranks = pixel_ranks(picture.explanation)
    made = [
        Film("deletion", picture.role, picture.seen, picture.emptied, ranks, curves["deletion"])
    ]
    if "insertion" in curves:
        made.append(
            Film("insertion", picture.role, picture.blurred, picture.seen, ranks,
                 curves["insertion"])
        )  # fmt: skip
    return made


def film_sheet(films: Sequence[Film]) -> UInt8[np.ndarray, "tall wide 3"]:
    """Frames of each film in a line, at ``SHEET_SHARES``."""
    step = _SHEET_SIDE + _SHEET_GAP
    sheet = np.full((len(films) * step, len(SHEET_SHARES) * step, 3), 255, np.uint8)
    for row, film in enumerate(films):
        for column, share in enumerate(SHEET_SHARES):
            top, left = row * step, column * step
            small = thumbnail(film.frame(share), _SHEET_SIDE)
            sheet[top : top + _SHEET_SIDE, left : left + _SHEET_SIDE] = small
    return sheet


def film_html(films: Pair[list[Film]], titles: Pair[str], text: Text) -> str:
    """Slider, pictures and curves, which the component ``drawing`` moves."""
    slider = escape(text("film.slider"), quote=True)
    last = max(len(_points(film.score)) for side in films for film in side) - 1
    sides = "".join(_side(*both, text) for both in films.join(titles) if both[0])
    return (
        f'<label>{slider}<input type="range" min="0" max="{last}" step="1" value="0">'
        f'<output></output></label><div class="wall">{sides}</div>'
    )


def film_data(films: Sequence[Film]) -> JsonObject:
    """What moves: by picture, the words beside it and the place of its mark on the curve."""
    shares = films[0].score.fractions
    assert shares is not None
    return {
        "shares": [percent(float(share)) for share in shares],
        "films": [
            {
                "said": [percent(value) for _, value in _points(film.score)],
                "places": [_place(*point) for point in _points(film.score)],
            }
            for film in films
        ],
    }


def _side(films: Sequence[Film], title: str, text: Text) -> str:
    style = STYLES[films[0].role]
    frames = "".join(_frames(film, text) for film in films)
    return (
        f'<section style="--role: {style.colour}"><p><b>{style.glyph}</b> '
        f'{escape(title)}</p><div class="frames">{frames}</div>{curves_svg(films, text)}</section>'
    )


def _frames(film: Film, text: Text) -> str:
    """All pictures of a film beside each other, of which one is seen."""
    frames = [_smaller(film.frame(share)) for share, _ in _points(film.score)]
    sheet = np.concatenate(frames, axis=1)
    kind, encoded = ("png", to_png(sheet)) if film.start.shape[0] <= _TINY else (
        "jpeg", to_jpeg(sheet))  # fmt: skip
    source = f"data:image/{kind};base64,{base64.b64encode(encoded).decode()}"
    words = escape(text(f"film.{film.name}"))
    return (
        f'<div><div class="frame" role="img" aria-label="{words}" '
        f'style="background-image: url({source})"></div><div>{words} <b></b></div></div>'
    )


def _smaller(frame: UInt8[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """The picture at a side that a browser gets quickly."""
    return frame if frame.shape[0] <= _FRAME_SIDE else thumbnail(frame, _FRAME_SIDE)


def curves_svg(films: Sequence[Film], text: Text) -> str:
    """The probability along one network's films: deletion dashed, insertion solid."""
    colour = STYLES[films[0].role].colour
    parts = []
    for share in (0, 0.5, 1):
        y = _place(0, share)[1]
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDE - 8}" y1="{y}" y2="{y}" stroke="currentColor" '
            f'stroke-opacity="0.2"/><text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end" '
            f'fill="currentColor">{share:.0%}</text>'
        )
    for share in (0, 0.5, 1):
        x = _place(share, 0)[0]
        parts.append(
            f'<text x="{x}" y="{_HIGH - 6}" text-anchor="middle" fill="currentColor">{share:.0%}'
            "</text>"
        )
    for film in films:
        dash = ' stroke-dasharray="5 3"' if film.name == "deletion" else ""
        line = " ".join("{},{}".format(*_place(*point)) for point in _points(film.score))
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{dash}>'
            f"<title>{escape(text(f'film.{film.name}'))}</title></polyline>"
            f'<circle r="5" fill="{colour}" stroke="#fff" stroke-width="1.5"/>'
        )
    label = escape(text("film.curves"), quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH}" role="img" '
        f'aria-label="{label}" font-family="inherit" font-size="11">{"".join(parts)}</svg>'
    )


def _points(score: FaithfulnessScore) -> list[tuple[float, float]]:
    assert score.fractions is not None
    assert score.values is not None
    return [*zip(score.fractions.tolist(), score.values.tolist(), strict=True)]


def _place(share: float, value: float) -> tuple[float, float]:
    """Where a point stands in the drawing."""
    wide, high = _WIDE - 8 - _LEFT, _HIGH - _TOP - _BOTTOM
    return round(_LEFT + share * wide, 1), round(_TOP + (1 - min(value, 1.0)) * high, 1)
