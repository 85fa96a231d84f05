"""Published numbers, their sources, and the ranges within which our measurements agree."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf, isfinite, sqrt

from resnet_viz.records import Finding


@dataclass(frozen=True)
class Series:
    """Published test errors on CIFAR-10."""

    source: str
    kind: str  # residual or plain
    errors: Mapping[int, float]  # percent, by depth


#: Published test errors by source and kind of network.
CIFAR10 = (
    Series("He 2015, table 6", "residual", {20: 8.75, 32: 7.51, 44: 7.17, 56: 6.97, 110: 6.43}),
    Series("a-martyn/resnet", "residual", {20: 8.00, 32: 7.51, 44: 7.38, 56: 7.33}),
    Series("a-martyn/resnet", "plain", {20: 9.50, 32: 9.92, 44: 11.35, 56: 12.76}),
    Series("Li 2018, table 1", "residual", {20: 7.37, 56: 5.89, 110: 5.79}),
    Series("Li 2018, table 1", "plain", {20: 8.18, 56: 13.31, 110: 16.44}),
)


@dataclass(frozen=True)
class PublishedNumber:
    """One published number and the range within which a finding agrees with it.

    Attributes
    ----------
    what
        Describes the number: key ``experiment.<name>.figure_<what>`` of the text files.
    value
        The number as printed in the source.
    source
        Paper and section.
    measured
        Name of the finding's number to compare with; None if no experiment measures it.
    low, high
        Range of agreement for the finding's number.
    when
        Settings under which the two are comparable.

    """

    what: str
    value: str
    source: str
    measured: str | None = None
    low: float = -inf
    high: float = inf
    when: Mapping[str, object] = field(default_factory=dict)


_TWICE = "independent measurement, one seed"
_TRAINED = "independent 56-layer twins, 164 epochs"
_VEIT = "Veit 2016, sec. 5"
_BALDUZZI = "independent measurement of Balduzzi 2017, 20 seeds"
_DEEP = {"depth": 56}

#: Published numbers, theoretical values and independent measurements, by experiment.
PUBLISHED_NUMBERS: Mapping[str, tuple[PublishedNumber, ...]] = {
    "shattered-gradients": (
        PublishedNumber("plain_2", "0.98", _BALDUZZI, "plain-2", 0.9),
        PublishedNumber("plain_10", "0.48", _BALDUZZI, "plain-10", 0.1, 0.9),
        PublishedNumber("plain_24", "0", _BALDUZZI, "plain-24", -0.1, 0.1),
        PublishedNumber("residual_50", "0.71", _BALDUZZI, "residual-50", 0.3, 0.9),
        PublishedNumber("residual_50_weak", "0.83", _BALDUZZI, "residual-50 x 0.1", 0.7),
    ),
    "gradient-growth": (
        PublishedNumber("plain_bn", "1.211", "theory: Yang 2019", "plain_bn", 1.17, 1.25),
        PublishedNumber("plain_bare", "1.00", "theory: He 2015b", "plain_bare", 0.97, 1.03),
        PublishedNumber("inside", "1.414", "theory", "inside", 0.97 * sqrt(2), 1.03 * sqrt(2)),
        PublishedNumber("outside", "1.63", _TWICE, "outside", 0.97 * 1.63, 1.03 * 1.63),
        PublishedNumber("inside_bn", "1.03-1.04", _TWICE, "inside_bn", 0.97 * 1.03, 1.03 * 1.04),
    ),
    "paths": (
        PublishedNumber("middle", "98.0 %", _VEIT, "middle_share", 97.95, 98.05),
        PublishedNumber("band", "0.45 %", _VEIT, "band_share", 0.445, 0.455),
    ),
    "lesion": (
        PublishedNumber("plain_chance", "chance", "Veit 2016, sec. 4"),
        PublishedNumber(
            "residual_median", "0.8", _TRAINED, "residual_median", high=3.0, when=_DEEP
        ),
        PublishedNumber("plain_median", "75", _TRAINED, "plain_median", 40.0, when=_DEEP),
        PublishedNumber("residual_most", "26", _TRAINED, "residual_most", when=_DEEP),
        PublishedNumber("plain_least", "38", _TRAINED, "plain_least", when=_DEEP),
    ),
    "loss-landscape": (
        PublishedNumber("error_56", "5.89 % / 13.31 %", "Li 2018, table 1"),
        PublishedNumber("error_110", "5.79 % / 16.44 %", "Li 2018, table 1"),
    ),
    "shortcut-strength": (
        PublishedNumber("identity", "6.61 %", "He 2016, table 1"),
        PublishedNumber("half", "12.35 %", "He 2016, table 1"),
        PublishedNumber("convolution", "12.22 %", "He 2016, table 1"),
    ),
    "cka": (PublishedNumber("diagonal", "1", "Kornblith 2019", "diagonal", 1 - 1e-6, 1 + 1e-6),),
}


def published_numbers(experiment: str) -> tuple[PublishedNumber, ...]:
    """Return the published numbers of an experiment; empty if its source gives none."""
    return PUBLISHED_NUMBERS.get(experiment, ())


@dataclass(frozen=True)
class ComparedNumber:
    """A published number and our measurement of it."""

    published: PublishedNumber
    measured: float | None  # None if not comparable
    agrees: bool | None  # None if not comparable or without a range


def compared_numbers(finding: Finding) -> Iterator[ComparedNumber]:
    """Yield every published number of an experiment with the measurement of a finding."""
    for published in published_numbers(finding.experiment):
        comparable = all(finding.settings.get(n) == v for n, v in published.when.items())
        measured = finding.numbers.get(published.measured or "") if comparable else None
        agrees = None
        if measured is not None and (isfinite(published.low) or isfinite(published.high)):
            agrees = published.low <= measured <= published.high
        yield ComparedNumber(published, measured, agrees)
