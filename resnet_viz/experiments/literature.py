"""Figures that others published, with where they stand, and what ours must be to agree with them.

A row without ``measured`` is printed for itself: nothing here measures the same thing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf, isfinite, sqrt
from typing import Any

from resnet_viz.records import Finding


@dataclass(frozen=True)
class Series:
    """CIFAR-10 test error in percent by depth."""

    source: str
    kind: str  # residual or plain
    errors: Mapping[int, float]


CIFAR10 = (
    Series("He 2015, table 6", "residual", {20: 8.75, 32: 7.51, 44: 7.17, 56: 6.97, 110: 6.43}),
    Series("a-martyn/resnet", "residual", {20: 8.00, 32: 7.51, 44: 7.38, 56: 7.33}),
    Series("a-martyn/resnet", "plain", {20: 9.50, 32: 9.92, 44: 11.35, 56: 12.76}),
    Series("Li 2018, table 1", "residual", {20: 7.37, 56: 5.89, 110: 5.79}),
    Series("Li 2018, table 1", "plain", {20: 8.18, 56: 13.31, 110: 16.44}),
)


@dataclass(frozen=True)
class Figure:
    """One figure: of what (a key ``experiment.<name>.figure_<what>``), as printed, and where.

    ``measured`` names the number of a finding that it stands beside; both agree where that number
    is from ``low`` to ``high``. ``when`` are the settings without which they are not compared.
    """

    what: str
    value: str
    source: str
    measured: str | None = None
    low: float = -inf
    high: float = inf
    when: Mapping[str, Any] = field(default_factory=dict)


_TWICE = "independent measurement, one seed"
_TRAINED = "independent 56-layer twins, 164 epochs"
_VEIT = "Veit 2016, sec. 5"
_BALDUZZI = "independent measurement of Balduzzi 2017, 20 seeds"
_DEEP = {"depth": 56}

#: By experiment. Published figures, theory (source "theory"), and independent measurements.
FIGURES: Mapping[str, tuple[Figure, ...]] = {
    "shattered-gradients": (
        Figure("plain_2", "0.98", _BALDUZZI, "plain-2", 0.9),
        Figure("plain_10", "0.48", _BALDUZZI, "plain-10", 0.1, 0.9),
        Figure("plain_24", "0", _BALDUZZI, "plain-24", -0.1, 0.1),
        Figure("residual_50", "0.71", _BALDUZZI, "residual-50", 0.3, 0.9),
        Figure("residual_50_weak", "0.83", _BALDUZZI, "residual-50 x 0.1", 0.7),
    ),
    "gradient-growth": (
        Figure("plain_bn", "1.211", "theory: Yang 2019", "plain_bn", 1.17, 1.25),
        Figure("plain_bare", "1.00", "theory: He 2015b", "plain_bare", 0.97, 1.03),
        Figure("inside", "1.414", "theory", "inside", 0.97 * sqrt(2), 1.03 * sqrt(2)),
        Figure("outside", "1.63", _TWICE, "outside", 0.97 * 1.63, 1.03 * 1.63),
        Figure("inside_bn", "1.03-1.04", _TWICE, "inside_bn", 0.97 * 1.03, 1.03 * 1.04),
    ),
    "paths": (
        Figure("middle", "98.0 %", _VEIT, "middle_share", 97.95, 98.05),
        Figure("band", "0.45 %", _VEIT, "band_share", 0.445, 0.455),
    ),
    "lesion": (
        Figure("plain_chance", "chance", "Veit 2016, sec. 4"),
        Figure("residual_median", "0.8", _TRAINED, "residual_median", high=3.0, when=_DEEP),
        Figure("plain_median", "75", _TRAINED, "plain_median", 40.0, when=_DEEP),
        Figure("residual_most", "26", _TRAINED, "residual_most", when=_DEEP),
        Figure("plain_least", "38", _TRAINED, "plain_least", when=_DEEP),
    ),
    "loss-landscape": (
        Figure("error_56", "5.89 % / 13.31 %", "Li 2018, table 1"),
        Figure("error_110", "5.79 % / 16.44 %", "Li 2018, table 1"),
    ),
    "shortcut-strength": (
        Figure("identity", "6.61 %", "He 2016, table 1"),
        Figure("half", "12.35 %", "He 2016, table 1"),
        Figure("convolution", "12.22 %", "He 2016, table 1"),
    ),
    "cka": (Figure("diagonal", "1", "Kornblith 2019", "diagonal", 1 - 1e-6, 1 + 1e-6),),
}


def figures_of(experiment: str) -> tuple[Figure, ...]:
    """The published figures that stand beside an experiment; () where only a claim was found."""
    return FIGURES.get(experiment, ())


@dataclass(frozen=True)
class Beside:
    """A published figure and ours; ``agrees`` is None where they are not held to each other."""

    figure: Figure
    measured: float | None
    agrees: bool | None


def beside(found: Finding) -> Iterator[Beside]:
    """Every published figure with what was measured here, once the finding is whole."""
    for figure in figures_of(found.experiment):
        comparable = all(found.settings.get(n) == v for n, v in figure.when.items())
        ours = found.numbers.get(figure.measured or "") if comparable else None
        held = ours is not None and (isfinite(figure.low) or isfinite(figure.high))
        agrees = figure.low <= ours <= figure.high if held and ours is not None else None
        yield Beside(figure, ours, agrees)
