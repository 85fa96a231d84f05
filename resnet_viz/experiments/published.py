"""Figures that others published, with where they stand."""

from collections.abc import Mapping
from dataclasses import dataclass


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
