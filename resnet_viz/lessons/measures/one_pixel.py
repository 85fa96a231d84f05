"""One block of a trained network at single pixels: F(x), x, their sum, and what the ReLU leaves."""

import numpy as np

from resnet_viz.experiments.measures.batches import photographs
from resnet_viz.experiments.measures.curves import curve, matrix
from resnet_viz.experiments.measures.formula_checks import block_values
from resnet_viz.experiments.measures.spread import exact
from resnet_viz.experiments.measures.walked_twins import trained_twins
from resnet_viz.pictures.samples import samples
from resnet_viz.records import BlockValues, Finding, Mark, Matrix, Panel

_DEPTH, _BLOCK, _SAMPLE = 20, "layer3.2", "cat"
_MANY = 30  # pixels for the worksheets, so that neighbours compute different ones
_PARTS = ("branch", "shortcut", "join", "output")


def measure() -> Finding:
    """Measure the block on a bundled photograph.

    The first pixel is one that the ReLU cuts, of moderate values; the second one that it passes.
    """
    network = trained_twins(_DEPTH).first.network
    images, labels = photographs()
    values = block_values(network, images, labels, _BLOCK, list(samples()).index(_SAMPLE))
    cut, passed = _places(values)
    channel = cut[0][0]
    numbers = _at(values, cut[0], "") | _at(values, passed[0], "passed_")
    numbers |= exact("cut_share", 100 * float((values.join < 0).mean()))
    maps = tuple(_map(values, part, channel) for part in _PARTS)
    mixed = [place for pair in zip(cut, passed, strict=True) for place in pair][:_MANY]
    pixels = tuple(
        curve(part, range(1, _MANY + 1), [float(_part(values, part)[place]) for place in mixed])
        for part in _PARTS
    )
    panels = (
        Panel("maps", "column", "row", mark=Mark.MAPS, maps=maps),
        Panel("pixels", "pixel", "value", pixels, mark=Mark.POINTS),
    )
    settings = {"depth": _DEPTH, "block": _BLOCK, "sample": _SAMPLE}
    return Finding("one-pixel", settings, 1.0, panels, numbers)


def _places(values: BlockValues) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Return pixels that the ReLU cuts and pixels that it passes, F(x) negative and x positive.

    In each list those come first where both parts are large, so that mental arithmetic shows it.
    """
    weight = np.minimum(-values.branch, values.shortcut)
    order = np.argsort(-weight, axis=None)
    places = [tuple(int(n) for n in np.unravel_index(flat, weight.shape)) for flat in order]
    half = _MANY // 2
    cut = [place for place in places if values.join[place] < -0.05][:half]
    passed = [place for place in places if values.join[place] > 0.05][:half]
    return cut, passed


def _part(values: BlockValues, part: str) -> np.ndarray:
    found: np.ndarray = getattr(values, part)
    return found


def _at(values: BlockValues, place: tuple[int, ...], prefix: str) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for part in _PARTS:
        numbers |= exact(prefix + part, round(float(_part(values, part)[place]), 3))
    for name, at in zip(("channel", "row", "column"), place, strict=True):
        numbers |= exact(prefix + name, float(at))
    return numbers


def _map(values: BlockValues, part: str, channel: int) -> Matrix:
    pixels = _part(values, part)[channel]
    lines = [str(n) for n in range(len(pixels))]
    return matrix(part, lines, lines, pixels)
