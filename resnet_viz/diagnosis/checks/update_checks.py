"""Check the size of the last training step of each layer, if the file has optimiser state."""

from collections.abc import Iterator

from resnet_viz.checkpoints.identifying.identify import Identification
from resnet_viz.diagnosis.thresholds import graded, worst
from resnet_viz.records import CheckFinding


def update_findings(identification: Identification) -> Iterator[CheckFinding]:
    """Check ||last update|| / ||W|| of every layer.

    Large ratios are findings (TheDeepChecker warns above 0.1). Small ones are not, because the
    steps are small at the end of a training.
    """
    if identification.update_ratios:
        median = sorted(identification.update_ratios.values())[
            len(identification.update_ratios) // 2
        ]
        bad = worst("update_ratio", identification.update_ratios)
        yield from bad if bad else [graded("update_ratio", median)]
