"""Many pairs trained at once, as captured steps or eagerly."""

import json
from dataclasses import replace

import pytest

from resnet_viz.checkpoints.load_file import load_checkpoint
from resnet_viz.core.errors import OptionError, OutputError, TrainingError
from resnet_viz.networks.resnet.model import build
from resnet_viz.records import Epoch, Pair, TrainingProgress, TrainingStep
from resnet_viz.training import all_twins
from resnet_viz.training.all_twins import ALL, Fleet, train_all_twins
from resnet_viz.training.captured_step import Engine, GraphEngine
from resnet_viz.training.course import train
from resnet_viz.training.job import steps_of
from resnet_viz.training.recipe import Precision
from resnet_viz.training.run_files import recording
from resnet_viz.training.twins_table import ALL_TWINS, Twins
from tests.training.made_twins import CONFIG, CPU, DATA, RECIPE, SPEC, small_config
from tests.training.recorded_graph import RecordedGraph, replace_cuda


@pytest.fixture(autouse=True)
def data(monkeypatch):
    monkeypatch.setattr(all_twins, "load_dataset", lambda name: DATA)
    replace_cuda(monkeypatch)


def fleet(out, *, engine=lambda device: Engine(), configs=None, **options):
    configs = configs or {"a": CONFIG}
    runs = Fleet.of(configs, out, CPU, make_engine=engine, **options)
    runs.prepare()
    runs.begin()
    return runs


def weights(made):
    return {
        (run.name, learner.kind, name): value.clone()
        for run in made.runs
        for learner in run.learners
        for name, value in learner.network.state_dict().items()
    }


def same(left, right):
    return left.keys() == right.keys() and all(left[k].equal(right[k]) for k in left)


def timeless(records):
    return [replace(r, images_per_second=0.0) if isinstance(r, Epoch) else r for r in records]


@pytest.mark.parametrize("precision", Precision)
@pytest.mark.parametrize("changes", [{}, {"nesterov": True, "weight_decay": 0.01}], ids=["", "n"])
def test_a_recorded_step_replayed_equals_steps_run_one_by_one(tmp_path, precision, changes):
    """So nothing that changes between steps is decided by the host: rate, batch, crops, sums."""
    config = replace(CONFIG, recipe=replace(RECIPE, precision=precision, **changes))
    eager = fleet(tmp_path / "eager", configs={"a": config})
    replayed = fleet(tmp_path / "graph", configs={"a": config}, engine=GraphEngine)
    left = timeless(record for _, record in eager.run())
    right = timeless(record for _, record in replayed.run())
    assert RecordedGraph.replays == 2 * 9
    for learner in replayed.runs[0].learners:  # the host is never far ahead of the device
        assert learner.engine.own.recorded == 9
        assert learner.engine.own.waited >= 9 - 4
    assert left == right
    assert same(weights(eager), weights(replayed))
    rates = [r.learning_rate for r in right if isinstance(r, TrainingStep) and r.kind == "plain"]
    assert len(set(rates)) == len(rates) > 3


def test_capturing_changes_nothing_that_was_learned(tmp_path):
    eager, recorded = fleet(tmp_path / "a"), fleet(tmp_path / "b", engine=GraphEngine)
    assert same(weights(eager), weights(recorded))
    state, other = eager.runs[0].state(), recorded.runs[0].state()
    assert same(state.tensors, other.tensors)


def test_it_learns_what_the_training_of_one_pair_learns(tmp_path):
    """Same batches, crops and flips; only the update is rounded otherwise."""
    twins = Pair(SPEC, SPEC.plain()).map(lambda spec: build(spec, seed=RECIPE.seed))
    expected = list(train(twins, DATA, RECIPE, every=CONFIG.every))
    got = [record for _, record in fleet(tmp_path / "out").run()]
    for kind in (Epoch, TrainingProgress):
        pairs = zip(
            [r for r in expected if isinstance(r, kind)],
            [r for r in got if isinstance(r, kind)],
            strict=True,
        )
        for left, right in pairs:
            assert left.key == right.key
            if kind is Epoch:
                assert right.train_loss == pytest.approx(left.train_loss, rel=1e-4)
                assert right.train_error == left.train_error
                assert right.learning_rate == pytest.approx(left.learning_rate)
                assert right.weight_changes == pytest.approx(left.weight_changes, rel=1e-3)
                assert right.dead_channels == left.dead_channels
    steps = {(s.kind, s.step): s for s in expected if isinstance(s, TrainingStep)}
    measured = [s for s in got if isinstance(s, TrainingStep)]
    assert len(measured) >= 8
    for step in measured:
        same_step = steps[step.kind, step.step]
        assert step.loss == pytest.approx(same_step.loss, rel=1e-4)
        assert step.gradient_norms == pytest.approx(same_step.gradient_norms, rel=1e-3)
        assert step.update_ratios == pytest.approx(same_step.update_ratios, rel=1e-3)


TWO = {
    "a": CONFIG,
    "b": replace(CONFIG, recipe=replace(RECIPE, seed=4), network=replace(SPEC, depths=(1, 2))),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Two pairs that were trained without a stop."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(all_twins, "load_dataset", lambda name: DATA)
        trained = fleet(tmp_path_factory.mktemp("whole"), configs=TWO)
    list(trained.run())
    return trained


def curves(trained):
    return [record for run in trained.runs for record in timeless(run.curve)]


@pytest.mark.parametrize(
    ("stop", "engine"),
    [(1, Engine), (4, Engine), (9, GraphEngine), (14, Engine), (29, Engine)],
)
def test_a_run_that_was_stopped_anywhere_ends_like_one_that_was_not(tmp_path, whole, stop, engine):
    def made_engine(device):
        return engine(device) if engine is GraphEngine else engine()

    events = fleet(tmp_path, configs=TWO, engine=made_engine).run()
    for _ in range(stop):
        next(events)
    events.close()
    resumed = fleet(tmp_path, configs=TWO)
    list(resumed.run())
    assert same(weights(whole), weights(resumed))
    assert curves(whole) == curves(resumed)


def test_a_run_that_was_killed_goes_on_at_its_last_saved_state(tmp_path, whole):
    killed = fleet(tmp_path, configs=TWO, save_every=2).run()
    while True:
        _, event = next(killed)
        if isinstance(event, TrainingProgress) and (event.epoch, event.step) == (3, 2):
            break  # and nothing is closed yet: so the folder is what a killed process leaves
    resumed = fleet(tmp_path, configs=TWO)
    assert [run.epoch for run in resumed.runs] == [2, 2]
    list(resumed.run())
    assert same(weights(whole), weights(resumed))
    assert curves(whole) == curves(resumed)


def test_runs_that_are_behind_catch_up_first(tmp_path, whole):
    one = fleet(tmp_path, configs={"a": CONFIG}).run()
    while not isinstance(next(one)[1], Epoch):
        pass
    one.close()
    both = fleet(tmp_path, configs=TWO)
    assert [run.epoch for run in both.runs] == [1, 0]
    list(both.run())
    assert same(weights(whole), weights(both))


def test_the_folder_is_that_of_a_training(tmp_path):
    list(fleet(tmp_path, save_every=1).run())
    folder = tmp_path / "a"
    assert {path.name for path in folder.iterdir()} == {
        "residual.safetensors", "plain.safetensors", "curve.csv", "steps.csv", "recipe.json",
        "epochs.jsonl", "steps.jsonl", "config.json",
    }  # fmt: skip
    lines = [json.loads(line) for line in (folder / "epochs.jsonl").read_text().splitlines()]
    assert [(row["run"], row["kind"], row["epoch"]) for row in lines] == [
        ("a", kind, epoch) for epoch in (1, 2, 3) for kind in ("residual", "plain")
    ]
    loaded = load_checkpoint(folder / "plain.safetensors")
    assert loaded.network.spec == SPEC.plain()
    assert loaded.training["curve"][-1]["test_error"] == lines[-1]["test_error"]
    assert loaded.training["training"]["recipe"]["seed"] == RECIPE.seed
    assert {step.step for step in steps_of(folder)} == {0, 1, 3, 4, 6}  # 2 is a small batch
    assert recording(folder)["curves"]["plain"][-1]["epoch"] == 3  # from which twins are bundled
    recipe = json.loads((folder / "recipe.json").read_text())["networks"]
    assert recipe["residual"]["training"]["steps_per_epoch"] == 3


def test_a_network_that_diverges_leaves_the_others_alone(tmp_path):
    wild = replace(CONFIG, recipe=replace(RECIPE, learning_rate=100.0, weight_decay=10.0))
    made = fleet(tmp_path, configs={"wild": wild, "calm": CONFIG})
    events = []
    with pytest.raises(TrainingError, match="infinite or NaN"):
        events.extend(made.run())
    assert [run.name for run in made.runs] == ["calm"]
    assert made.runs[0].is_done
    assert load_checkpoint(tmp_path / "calm" / "residual.safetensors")


def test_as_many_epochs_as_fit_the_same_for_all_and_kept_when_resumed(tmp_path, monkeypatch):
    rows = [Twins(20, "made", 0), Twins(20, "made", 1)]
    monkeypatch.setattr(Twins, "config", small_config)
    monkeypatch.setattr(Fleet, "seconds_per_epoch", lambda self: 7000.0)
    events = list(train_all_twins(tmp_path, rows, minutes=300.0))
    epochs = [(run, e.epoch) for run, e in events if isinstance(e, Epoch) and e.kind == "plain"]
    assert sorted(epochs) == [(row.run, number) for row in rows for number in (1, 2)]
    assert {run for run, e in events if isinstance(e, TrainingProgress)} == {ALL}
    assert list(train_all_twins(tmp_path, rows)) == []  # finished, with two epochs
    more = train_all_twins(tmp_path, [Twins(20, "made", 2)], minutes=99.0)
    assert [e.epoch for _, e in more if isinstance(e, Epoch) and e.kind == "plain"] == [1, 2]
    with pytest.raises(OptionError, match="Another training"):
        list(train_all_twins(tmp_path, rows, changes={"epochs": 3}))


def test_a_deadline_ends_between_two_epochs_and_the_next_call_goes_on(tmp_path):
    late = fleet(tmp_path, deadline=0.0)
    assert list(late.run()) == []
    soon = fleet(tmp_path)
    events = soon.run()
    while not isinstance(next(events)[1], Epoch):
        soon.deadline = 0.0
    list(events)
    assert soon.runs[0].epoch == 1
    on = fleet(tmp_path)
    assert on.runs[0].epoch == 1
    list(on.run())
    assert on.runs[0].is_done


def test_measuring_an_epoch_changes_nothing(tmp_path):
    made = fleet(tmp_path, deadline=float("inf"))
    before = made.runs[0].state()
    assert made.seconds_per_epoch() > 0
    after = made.runs[0].state()
    assert (after.epoch, after.step, after.curve) == (0, 0, ())
    ignored = ("sums", "rate")  # set anew when an epoch starts
    for name, value in before.tensors.items():
        assert name.endswith(ignored) or value.equal(after.tensors[name]), name


def test_the_folder_must_be_one_that_can_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        list(train_all_twins(tmp_path / "file" / "out", ALL_TWINS))
