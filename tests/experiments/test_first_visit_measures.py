"""The first page's recording is of the bundled weights, and can be measured again."""

import pytest

from resnet_viz.checkpoints.load import load
from resnet_viz.checkpoints.sources.bundled_files import bundled_footing
from resnet_viz.experiments.measures.first_visit_measures import STRENGTHS, first_visit
from resnet_viz.records.first_visit import recorded_first_visit

RECORDED = recorded_first_visit()


def test_the_recording_is_of_the_bundled_weights():
    """If this fails, the weights are new: run ``python -m scripts.record_first_visit``."""
    assert RECORDED.block.digest == load(RECORDED.block.network).digest
    if RECORDED.pair is not None:
        footings = [bundled_footing(f"{kind}{RECORDED.pair.depth}") for kind in ("resnet", "plain")]
        assert [footing.train_error for footing in footings] == [
            RECORDED.pair.residual_error, RECORDED.pair.plain_error
        ]  # fmt: skip


def test_measuring_again_gives_the_recorded_values():
    ends = [0, -1]
    again = first_visit(depths=(20,), strengths=(STRENGTHS[0], STRENGTHS[-1]), images=10)
    now, before = again.depths[0], RECORDED.depths[0]
    for end in ends:
        assert now.signal[end] == pytest.approx(before.signal[end], rel=0.01)
        assert now.gradient[end] == pytest.approx(before.gradient[end], rel=0.01)
    block, recorded = again.block, RECORDED.block
    assert block.answers == tuple(recorded.answers[end] for end in ends)
    assert block.shares == pytest.approx([recorded.shares[end] for end in ends], abs=1e-3)
    assert block.x == pytest.approx(recorded.x, abs=1e-3)
    assert block.branch == pytest.approx(recorded.branch, abs=1e-3)
    assert block.photo == recorded.photo


def test_every_strength_is_recorded():
    assert RECORDED.block.strengths == STRENGTHS
    assert {len(series.signal) for series in RECORDED.depths} == {len(STRENGTHS)}
