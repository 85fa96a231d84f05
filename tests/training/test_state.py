"""A training that was interrupted anywhere goes on as if it never had been, to the last bit."""

import pytest
import torch

from resnet_viz import Pair, build
from resnet_viz.core.errors import DataError
from resnet_viz.records import Epoch
from resnet_viz.training.course import Course
from resnet_viz.training.recipe import Optimiser, Recipe, Schedule
from resnet_viz.training.state import TrainingState
from tests.training.made import SPEC, dataset

STEPS = 3  # 16 images in batches of 6


def recipe(optimiser):
    return Recipe(
        epochs=3, learning_rate=0.05, schedule=Schedule.ONE_CYCLE, optimiser=optimiser,
        batch_size=6, seed=3,
    )  # fmt: skip


def course(optimiser):
    twins = Pair(SPEC, SPEC.plain()).map(lambda spec: build(spec, seed=0))
    return Course.of(twins, dataset(16), recipe(optimiser), every=1)


def figures(epoch):
    return {**vars(epoch), "images_per_second": None}


@pytest.mark.parametrize("optimiser", Optimiser)
@pytest.mark.parametrize("stop_after", range(1, 3 * STEPS + 6))
def test_resumed_equals_uninterrupted_bit_for_bit(tmp_path, optimiser, stop_after):
    whole = course(optimiser)
    list(whole.run())
    first = course(optimiser)
    records = first.run()
    for _ in range(stop_after * 2):  # anywhere: between steps, between the epochs' records
        next(records)
    records.close()
    first.state().save(tmp_path / "state.safetensors")
    second = course(optimiser)
    second.attach(TrainingState.load(tmp_path / "state.safetensors"))
    list(second.run())
    assert [figures(e) for e in second.curve] == [figures(e) for e in whole.curve]
    for ours, theirs in zip(second.learners, whole.learners, strict=True):
        for key, value in theirs.network.state_dict().items():
            assert torch.equal(value, ours.network.state_dict()[key]), key


def test_state_keeps_the_curve(tmp_path):
    done = course(Optimiser.SGD)
    epochs = [r for r in done.run() if isinstance(r, Epoch)]
    done.state().save(tmp_path / "state.safetensors")
    kept = TrainingState.load(tmp_path / "state.safetensors")
    assert kept.curve == tuple(epochs)
    assert (kept.epoch, kept.step) == (3, 0)


@pytest.mark.parametrize("damage", ["missing", "text", "cut", "other"])
def test_a_damaged_state_is_one_sentence(tmp_path, damage):
    path = tmp_path / "state.safetensors"
    if damage != "missing":
        course(Optimiser.SGD).state().save(path)
    match damage:
        case "text":
            path.write_text("hello")
        case "cut":
            path.write_bytes(path.read_bytes()[:-100])
        case "other":
            from safetensors.torch import save_file

            save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(DataError, match="damaged"):
        TrainingState.load(path)


def test_a_failed_save_leaves_the_old_state(tmp_path, monkeypatch):
    path = tmp_path / "state.safetensors"
    state = course(Optimiser.SGD).state()
    state.save(path)
    before = path.read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space"):
        state.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
