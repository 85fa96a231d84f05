"""Published numbers, their sources, and the ranges within which our measurements agree."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf, isfinite, sqrt

from resnet_viz.records import Finding


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
        Name of the finding's number that stands beside it.
    low, high
        Range of agreement for the finding's number.
    when
        Settings under which the two are comparable.
    words
        Words that the description needs.

    """

    what: str
    value: str
    source: str
    measured: str
    low: float = -inf
    high: float = inf
    when: Mapping[str, object] = field(default_factory=dict)
    words: Mapping[str, object] = field(default_factory=dict)


_TWICE = "independent measurement, one seed"
_TRAINED = "independent 56-layer twins, 164 epochs"
_VEIT = "Veit 2016, sec. 5"
_BALDUZZI = "independent measurement of Balduzzi 2017, 20 seeds"
_DEEP = {"depth": 56}

#: Errors on CIFAR-10 in percent by depth: last training error, best test error (a-martyn/resnet).
_ERRORS: Mapping[str, Mapping[int, tuple[str, str]]] = {
    "plain": {
        20: ("0.74", "9.50"),
        32: ("0.79", "9.92"),
        44: ("2.76", "11.35"),
        56: ("3.33", "12.76"),
    },
    "resnet": {
        20: ("0.40", "8.00"),
        32: ("0.12", "7.51"),
        44: ("0.05", "7.38"),
        56: ("0.04", "7.33"),
    },
}
_ERRORS_SOURCE = "a-martyn/resnet, 164 epochs, one seed"


def _degradation() -> Iterator[PublishedNumber]:
    for kind, by_depth in _ERRORS.items():
        for depth, errors in by_depth.items():
            for what, error in zip(("train", "test"), errors, strict=True):
                yield PublishedNumber(
                    f"{what}_{kind}", error, _ERRORS_SOURCE, f"{kind}{depth}_{what}",
                    words={"depth": depth},
                )  # fmt: skip


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
        PublishedNumber(
            "residual_median", "0.8", _TRAINED, "residual_median", high=3.0, when=_DEEP
        ),
        PublishedNumber("plain_median", "75", _TRAINED, "plain_median", 40.0, when=_DEEP),
        PublishedNumber("residual_most", "26", _TRAINED, "residual_most", when=_DEEP),
        PublishedNumber("plain_least", "38", _TRAINED, "plain_least", when=_DEEP),
    ),
    "degradation": tuple(_degradation()),
    "cka": (PublishedNumber("diagonal", "1", "Kornblith 2019", "diagonal", 1 - 1e-6, 1 + 1e-6),),
}


def published_numbers(experiment: str) -> tuple[PublishedNumber, ...]:
    """Return the published numbers of an experiment; empty if its source gives none."""
    return PUBLISHED_NUMBERS.get(experiment, ())


@dataclass(frozen=True)
class ComparedNumber:
    """A published number and our measurement of it."""

    published: PublishedNumber
    measured: float
    agrees: bool | None  # None without a range of agreement


def compared_numbers(finding: Finding) -> Iterator[ComparedNumber]:
    """Yield the published numbers that a finding has measured under comparable settings."""
    for published in published_numbers(finding.experiment):
        comparable = all(finding.settings.get(n) == v for n, v in published.when.items())
        measured = finding.numbers.get(published.measured)
        if not comparable or measured is None:
            continue
        has_range = isfinite(published.low) or isfinite(published.high)
        agrees = published.low <= measured <= published.high if has_range else None
        yield ComparedNumber(published, measured, agrees)
