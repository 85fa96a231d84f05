"""Maps over photographs, and pictures enlarged without blurring."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8, UInt16

from resnet_viz.figures.palettes import ColourRange, Palette, colourise
from resnet_viz.pictures.resample import enlarge

_FRAME = (255, 255, 255), (37, 99, 235)  # outer and inner line of the selected tile
_GAP = 3  # pixels between tiles
_BETWEEN = 255  # of a report, which is white


def overlay(
    photo: UInt8[np.ndarray, "height width 3"],
    cam: Float[np.ndarray, "h w"],
    colour_range: ColourRange,
    *,
    opacity: float,
    palette: Palette = Palette.INFERNO,
) -> UInt8[np.ndarray, "height width 3"]:
    """The coloured map, enlarged bilinearly, over the photo; opacity 0 shows the photo alone."""
    height, width = photo.shape[:2]
    colours = colourise(enlarge(cam[None], height, width)[0], colour_range, palette)
    share = np.uint16(round(opacity * 255))
    mixed: UInt16[np.ndarray, "height width 3"] = photo * (255 - share) + colours * share + 128
    return np.asarray((mixed + (mixed >> 8)) >> 8, np.uint8)  # divided by 255 and rounded, exactly


def enlarge_pixels(
    pixels: UInt8[np.ndarray, "height width *channels"], factor: int
) -> UInt8[np.ndarray, "tall wide *channels"]:
    """Each pixel as a square of ``factor`` x ``factor`` pixels."""
    return np.repeat(np.repeat(pixels, factor, axis=0), factor, axis=1)


def cam_tiles(
    cams: Sequence[Float[np.ndarray, "_ _"]],
    photo: UInt8[np.ndarray, "height width 3"],
    ranges: Sequence[ColourRange],
    *,
    tile: int,
    opacity: float,
    palette: Palette = Palette.INFERNO,
) -> list[UInt8[np.ndarray, "tile tile 3"]]:
    """Each map over a small photo of ``tile`` pixels, on its own colour range."""
    picked = np.linspace(0, photo.shape[0] - 1, tile).round().astype(int)
    small = photo[picked][:, picked]
    return [
        overlay(small, cam, colours, opacity=opacity, palette=palette)
        for cam, colours in zip(cams, ranges, strict=True)
    ]


def cam_row(
    cams: Sequence[Float[np.ndarray, "_ _"]],
    photo: UInt8[np.ndarray, "height width 3"],
    ranges: Sequence[ColourRange],
    *,
    tile: int,
    opacity: float,
    columns: int,
    selected: int | None,
    palette: Palette = Palette.INFERNO,
) -> UInt8[np.ndarray, "tall wide 3"]:
    """All maps in one picture, ``columns`` per row, with the selected one framed."""
    tiles = cam_tiles(cams, photo, ranges, tile=tile, opacity=opacity, palette=palette)
    rows, step = -(-len(cams) // columns), tile + _GAP
    sheet = np.full((rows * step - _GAP, columns * step - _GAP, 3), _BETWEEN, np.uint8)
    for number, pixels in enumerate(tiles):
        if number == selected:
            pixels = framed(pixels)  # noqa: PLW2901
        top, left = number // columns * step, number % columns * step
        sheet[top : top + tile, left : left + tile] = pixels
    return sheet


def framed(
    pixels: UInt8[np.ndarray, "height width 3"],
) -> UInt8[np.ndarray, "height width 3"]:
    """A copy with a double frame that is visible on dark and on light pictures."""
    copy = pixels.copy()
    for colour, start, end in ((_FRAME[1], 0, 4), (_FRAME[0], 4, 6)):
        for line in range(start, end):
            copy[line, line : copy.shape[1] - line] = colour
            copy[-1 - line, line : copy.shape[1] - line] = colour
            copy[line : copy.shape[0] - line, line] = colour
            copy[line : copy.shape[0] - line, -1 - line] = colour
    return copy


def outlined(
    pixels: UInt8[np.ndarray, "height width channels"], box: Sequence[int], *, width: int
) -> UInt8[np.ndarray, "height width channels"]:
    """A copy with a double line just inside a box (top, left, bottom, right), in pixels."""
    copy, (top, left, bottom, right) = pixels.copy(), box
    alpha = [255] * (pixels.shape[2] - 3)
    for colour, start, end in ((_FRAME[1], 0, width), (_FRAME[0], width, width + 1)):
        for line in range(start, min(end, (bottom - top + 1) // 2, (right - left + 1) // 2)):
            inside = copy[top + line : bottom - line, left + line : right - line]
            inside[[0, -1]] = [*colour, *alpha]
            inside[:, [0, -1]] = [*colour, *alpha]
    return copy


def with_pixel(
    pixels: UInt8[np.ndarray, "height width 3"], at: tuple[float, float], size: Sequence[int]
) -> UInt8[np.ndarray, "height width 3"]:
    """A copy with the cell at a place outlined: x and y as shares, ``size`` rows and columns."""
    height, width = pixels.shape[:2]
    rows, columns = size
    row, column = min(int(at[1] * rows), rows - 1), min(int(at[0] * columns), columns - 1)
    top, left = row * height // rows, column * width // columns
    bottom, right = (
        max(top + 3, (row + 1) * height // rows),
        max(left + 3, (column + 1) * width // columns),
    )
    return outlined(pixels, (top, left, min(bottom, height), min(right, width)), width=1)


def boxed(
    pixels: UInt8[np.ndarray, "height width 3"], box: Sequence[int]
) -> UInt8[np.ndarray, "height width 3"]:
    """A copy that is dimmed outside the box (top, left, bottom, right), in pixels."""
    top, left, bottom, right = box
    copy = pixels // 3
    copy[top:bottom, left:right] = pixels[top:bottom, left:right]
    return copy
