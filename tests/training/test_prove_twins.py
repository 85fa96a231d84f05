"""The proof that captured steps are right, and the table of all twins."""

import json

import pytest

from resnet_viz.core.errors import OptionError
from resnet_viz.training import all_twins, prove_twins
from resnet_viz.training.captured_step import Engine, GraphEngine
from resnet_viz.training.twins_table import ALL_TWINS, Twins, chosen_twins
from tests.training.made_twins import DATA, small_config
from tests.training.recorded_graph import replace_cuda


@pytest.fixture(autouse=True)
def data(monkeypatch):
    monkeypatch.setattr(all_twins, "load_dataset", lambda name: DATA)
    replace_cuda(monkeypatch)


@pytest.mark.parametrize("engine", [lambda device: Engine(), GraphEngine])
def test_the_proof_finds_recorded_steps_equal_and_says_how_fast_they_are(monkeypatch, engine):
    monkeypatch.setattr(Twins, "config", small_config)
    rows = [Twins(20, "made", 0), Twins(20, "made", 1)]
    proof = prove_twins.prove(rows, changes={"precision": "bf16"}, make_engine=engine)
    assert proof.holds
    assert [one.difference for one in proof.equal] == [0.0, 0.0]
    assert all(one.rounding > 0 for one in proof.equal)
    assert proof.networks == 4
    assert proof.images_per_second > 0 < proof.seconds_per_epoch
    assert json.loads(json.dumps(proof.to_dict()))["holds"] is True


class SkippingEngine(Engine):
    """Leaves out every second step."""

    def repeatable(self, step, changed):
        taken = []

        def sometimes():
            taken.append(1)
            if len(taken) % 2:
                step()

        return sometimes


def test_the_proof_finds_steps_that_are_not_the_same(monkeypatch):
    monkeypatch.setattr(Twins, "config", small_config)
    proof = prove_twins.prove(
        [Twins(20, "made", 0)],
        changes={"precision": "bf16"},
        make_engine=lambda device: SkippingEngine(),
    )
    assert not proof.holds


def test_the_table_has_three_seeds_where_the_spread_is_reported():
    for depth in (20, 56):
        assert [row.seed for row in chosen_twins([depth], ["cifar10"])] == [0, 1, 2]
    assert {row.depth for row in ALL_TWINS} == {20, 32, 44, 56, 110}
    assert chosen_twins() == ALL_TWINS
    assert chosen_twins([20], ["fashion-mnist"]) == (Twins(20, "fashion-mnist", 0),)
    assert chosen_twins([32], [], [5, 6]) == (Twins(32, "cifar10", 5), Twins(32, "cifar10", 6))
    assert chosen_twins([32], ["fashion-mnist"]) == (Twins(32, "fashion-mnist", 0),)
    deep = Twins(110, "cifar10", 0).config("published", {"epochs": 12})
    assert (deep.recipe.epochs, deep.recipe.warm_up, deep.recipe.learning_rate) == (12, 1.0, 0.1)
    with pytest.raises(OptionError, match="21"):
        chosen_twins([21])
