"""The class demo shows what depth does to a plain network, whatever seed and threads."""

from dataclasses import replace

from resnet_viz.training.class_demo import recorded_demo
from resnet_viz.training.config import training_config
from resnet_viz.training.recipe import CLASS_DEMO


def demo(network="resnet56", **changes):
    return training_config(network, "class-demo", pair=True, changes=changes, data="digits")


def test_the_recording_is_of_todays_recipe_with_several_seeds_and_threads():
    recording = recorded_demo()
    assert recording.recipe == CLASS_DEMO
    assert recording.depths == (20, 56)
    for depth in recording.depths:
        runs = {(row.seed, row.threads) for row in recording.of(depth, "plain")}
        assert runs == {(row.seed, row.threads) for row in recording.of(depth, "residual")}
        assert len({seed for seed, _ in runs}) >= 3
        assert {threads for _, threads in runs} == {1, 2}


def test_in_every_recorded_run_depth_hurts_the_plain_network_and_it_alone():
    recording = recorded_demo()
    for network in ((20, "plain"), (20, "residual"), (56, "residual")):
        assert all(row.train_error < 0.1 for row in recording.of(*network)), network
    assert all(row.train_error > 0.3 for row in recording.of(56, "plain"))
    best = min(row.test_error for row in recording.of(56, "plain"))
    assert best > 0.2 + max(row.test_error for row in recording.of(56, "residual"))


def test_the_spread_belongs_to_the_demo_alone():
    recording = recorded_demo()
    assert recording.covers(demo())
    assert recording.covers(demo("resnet20", seed=7, threads=4))
    for other in (
        demo(epochs=9),
        demo(augmentation="crop"),
        demo("resnet32"),
        replace(demo(), data="mnist"),
        replace(demo(), frozen=("stem",)),
        replace(demo(), pair=False),
    ):
        assert not recording.covers(other)
