"""A training's numbers depend on its recipe, not on the threads of the process."""

import pytest
import torch

from resnet_viz import NetworkSpec, Pair, build
from resnet_viz.training.config import TrainingConfig, training_config
from resnet_viz.training.course import Course, train
from resnet_viz.training.cpu_threads import available_threads, fixed_threads
from resnet_viz.training.job import train_job
from resnet_viz.training.recipe import CLASS_DEMO, Recipe
from tests.training.made import SPEC, dataset


def brief(threads):
    return Recipe(epochs=1, learning_rate=0.05, batch_size=16, threads=threads)


def threads_used(networks, recipe, process):
    """Numbers of threads in the networks' own forward passes, in training and evaluation."""
    used = {}
    for network in networks if isinstance(networks, Pair) else [networks]:
        network.register_forward_hook(
            lambda m, *_: used.setdefault(m.spec.kind.value, set()).add(torch.get_num_threads())
        )
    with fixed_threads(process):
        list(train(networks, dataset(16), recipe))
        assert torch.get_num_threads() == process
    return used


@pytest.mark.parametrize("process", [1, 2, 3])
@pytest.mark.parametrize(("threads", "each"), [(1, 1), (2, 1), (4, 2)])
def test_each_network_of_a_pair_gets_its_half_of_the_recipes_threads(process, threads, each):
    twins = Pair(SPEC, SPEC.plain()).map(lambda spec: build(spec, seed=0))
    used = threads_used(twins, brief(threads), process)
    assert used == {"residual": {each}, "plain": {each}}


@pytest.mark.parametrize("process", [1, 2, 3])
def test_a_single_network_gets_all_threads_of_the_recipe_or_the_processes(process):
    assert threads_used(build(SPEC, seed=0), brief(2), process) == {"residual": {2}}
    assert threads_used(build(SPEC, seed=0), brief(0), process) == {"residual": {process}}


def test_fixed_threads_give_the_same_bits_and_other_threads_others():
    """With 64 channels of 8 x 8 pixels, two threads round a sum otherwise than one does."""
    spec = NetworkSpec(depths=(1, 1), widths=(32, 64), classes=4)

    def trained(threads, process):
        network = build(spec, seed=0)
        with fixed_threads(process):
            list(train(network, dataset(48), brief(threads)))
        return torch.cat([p.detach().flatten() for p in network.parameters()])

    one, two = trained(0, 1), trained(0, 2)
    assert not torch.equal(one, two)
    assert torch.equal(trained(1, 2), one)
    assert torch.equal(trained(2, 1), two)


def test_a_run_keeps_the_number_it_was_started_with(tmp_path, monkeypatch):
    from resnet_viz.checkpoints.load_file import load_checkpoint

    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert available_threads() == 3
    chosen = {"epochs": 1, "images": 40, "test_images": 20}
    config = training_config(SPEC, "short", pair=True, changes=chosen, data="digits")
    assert config.recipe.threads == 3
    assert training_config(SPEC, "short", pair=True, changes=chosen, data="digits",
                           device="cuda").recipe.threads == 0  # fmt: skip
    monkeypatch.setenv("OMP_NUM_THREADS", "none")
    assert available_threads() >= 1
    with fixed_threads(1):
        list(train_job(config, tmp_path))
    training = load_checkpoint(tmp_path / "plain.safetensors").training["training"]
    assert training["threads"] == training["recipe"]["threads"] == 3
    assert training["augmentation"] == {"shift": 0, "flip": False}


def test_the_class_demo_is_the_same_for_everyone_in_a_class(monkeypatch):
    for cores in ("1", "64"):
        monkeypatch.setenv("OMP_NUM_THREADS", cores)
        config = training_config("resnet56", "class-demo", pair=True, changes={}, data="digits")
        assert config == TrainingConfig(
            network=NetworkSpec.preset("resnet56"), pair=True, data="digits", recipe=CLASS_DEMO
        )
    twins = Pair(SPEC, SPEC.plain()).map(lambda spec: build(spec, seed=0))
    course = Course.of(twins, dataset(16), CLASS_DEMO, every=50)
    assert (course.threads, course.threads_each) == (2, 1)
