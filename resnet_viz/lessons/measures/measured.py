"""The measurements of lessons by the name of their recording."""

from collections.abc import Callable, Mapping

from resnet_viz.lessons.measures import (
    appended_blocks,
    idle_norms,
    joins_elsewhere,
    one_pixel,
    prices,
    two_by_two,
    two_paths,
)
from resnet_viz.records import Finding

#: Each takes seconds on one core and needs nothing but the repository.
MEASURES: Mapping[str, Callable[[], Finding]] = {
    "append-blocks": appended_blocks.measure,
    "one-pixel": one_pixel.measure,
    "two-by-two": two_by_two.measure,
    "two-paths": two_paths.measure,
    "shortcut-prices": prices.measure,
    "idle-norms": idle_norms.measure,
    "joins-elsewhere": joins_elsewhere.measure,
}
