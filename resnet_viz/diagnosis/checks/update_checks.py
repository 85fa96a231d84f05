"""Check the size of the last training step of each layer, if the file has optimiser state."""

from collections.abc import Iterator, Mapping

from resnet_viz.diagnosis.thresholds import graded, worst
from resnet_viz.records import CheckFinding


def update_findings(update_ratios: Mapping[str, float]) -> Iterator[CheckFinding]:
    """Check ||last update|| / ||W|| of every layer.

    Large ratios are findings (TheDeepChecker warns above 0.1). Small ones are not, because the
    steps are small at the end of a training.
    """
    if update_ratios:
        median = sorted(update_ratios.values())[len(update_ratios) // 2]
        bad = worst("update_ratio", update_ratios)
        yield from bad if bad else [graded("update_ratio", median)]
