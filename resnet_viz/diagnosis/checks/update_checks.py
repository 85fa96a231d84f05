"""How far the last training step moved each layer, where the file has the optimiser's state."""

from collections.abc import Iterator

from resnet_viz.checkpoints.identifying.identify import Identification
from resnet_viz.diagnosis.thresholds import graded, worst
from resnet_viz.records import CheckFinding


def update_findings(found: Identification) -> Iterator[CheckFinding]:
    """||last update|| / ||W||, by layer.

    Large ratios are warned of (TheDeepChecker: above 0.1). Small ones are not: a training that
    has come to its end makes small steps.
    """
    if found.update_ratios:
        middle = sorted(found.update_ratios.values())[len(found.update_ratios) // 2]
        bad = worst("update_ratio", found.update_ratios)
        yield from bad if bad else [graded("update_ratio", middle)]
