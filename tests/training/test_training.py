"""The training loop: the same images for both twins, and weights that learn."""

import pytest
import torch

from resnet_viz import Pair, build
from resnet_viz.core.errors import TrainingError
from resnet_viz.datasets.dataset import Dataset, ImageSet
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING, normalise
from resnet_viz.records import Epoch, TrainingProgress, TrainingStep
from resnet_viz.training.course import FIRST_STEPS, train
from resnet_viz.training.evaluate import evaluate
from resnet_viz.training.recipe import (
    Augmentation,
    Optimiser,
    Precision,
    Recipe,
    Schedule,
)
from tests.training.made import BRIEF, SPEC, dataset

# Augmentation.


# The loop.


def learned(network, data, recipe):
    return [record for record in train(network, data, recipe) if isinstance(record, Epoch)]


def batches_seen(spec, recipe, data):
    network, seen = build(spec, seed=recipe.seed), []
    network.register_forward_pre_hook(
        lambda m, a: seen.append(a[0].clone()) if m.training else None
    )
    return seen, learned(network, data, recipe)


def test_both_twins_see_the_same_batches():
    data = dataset(16)
    residual, _ = batches_seen(SPEC, BRIEF, data)
    plain, _ = batches_seen(SPEC.plain(), BRIEF, data)
    assert len(residual) == len(plain) == 2 * 3  # 16 images are 6 + 6 + 4
    assert [len(b) for b in residual] == [6, 6, 4] * 2
    assert all(torch.equal(a, b) for a, b in zip(residual, plain, strict=True))
    assert not torch.equal(residual[0], residual[3])  # another order in the next epoch


def test_another_seed_is_another_order():
    from dataclasses import replace

    data = dataset(16)
    one, _ = batches_seen(SPEC, BRIEF, data)
    two, _ = batches_seen(SPEC, replace(BRIEF, seed=4), data)
    assert not torch.equal(one[0], two[0])


def test_every_image_is_seen_once_an_epoch():
    """One colour an image survives crop and flip at the centre."""
    colours = torch.arange(16, dtype=torch.uint8) * 16
    images = colours[:, None, None, None].expand(16, 3, 32, 32).contiguous()
    both = ImageSet(images, torch.arange(16) % 4)
    seen, _ = batches_seen(
        SPEC, BRIEF, Dataset("made", ("a", "b", "c", "d"), CIFAR_PREPROCESSING, both, both)
    )
    expected = normalise(images, CIFAR_PREPROCESSING)[:, 0, 16, 16].sort().values
    for epoch in (seen[:3], seen[3:]):
        centres = torch.cat(epoch)[:, 0, 16, 16].sort().values
        assert torch.equal(centres, expected)


def test_the_recipe_decides_every_weight_and_the_global_random_state_none():
    data, results = dataset(16), []
    for state in (1, 2):
        torch.manual_seed(state)
        network = build(SPEC, seed=0)
        before = torch.get_rng_state()
        epochs = learned(network, data, BRIEF)
        assert torch.equal(torch.get_rng_state(), before)
        results.append((network.state_dict(), [(e.train_loss, e.test_error) for e in epochs]))
    assert results[0][1] == results[1][1]
    for key, value in results[0][0].items():
        assert torch.equal(value, results[1][0][key])


@pytest.mark.parametrize("spec", [SPEC, SPEC.plain()], ids=["residual", "plain"])
def test_sixteen_images_are_learned_by_heart(spec):
    recipe = Recipe(epochs=120, learning_rate=0.1, schedule=Schedule.ONE_CYCLE, batch_size=16)
    network = build(spec, seed=0)
    epochs = learned(network, dataset(16), recipe)
    assert [e.epoch for e in epochs] == list(range(1, 121))
    assert epochs[0].train_error > 0.3
    assert epochs[-1].test_error == 0
    assert epochs[-1].test_loss < 0.2
    assert all(e.images_per_second > 0 for e in epochs)


def test_train_figures_are_means_over_images():
    """A learning rate of zero: the loss of the untouched network on what it saw."""
    data = dataset(16)
    recipe = Recipe(epochs=1, learning_rate=0.0, schedule=Schedule.STEPS, batch_size=6)
    network, losses, wrong = build(SPEC, seed=0), [], 0

    def look(module, arguments, output):
        if module.training:
            losses.append(output.detach())

    network.register_forward_hook(look)
    (epoch,) = learned(network, data, recipe)
    order = torch.randperm(16, generator=torch.Generator().manual_seed(0))
    labels = data.train.labels[order]
    logits = torch.cat(losses)
    wrong = (logits.argmax(1) != labels).float().mean().item()
    assert epoch.train_error == pytest.approx(wrong)
    expected = torch.nn.functional.cross_entropy(logits, labels).item()
    assert epoch.train_loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_evaluation_leaves_mode_and_statistics(training):
    data, network = dataset(16), build(SPEC, seed=0).train(training)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    found = evaluate(network, data.test, data.preprocessing)
    assert {m.training for m in network.modules()} == {training}
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())
    with torch.no_grad():
        logits = network.eval()(normalise(data.test.images, data.preprocessing))
    expected = torch.nn.functional.cross_entropy(logits, data.test.labels).item()
    assert found.loss == pytest.approx(expected, rel=1e-5)
    assert found.error == (logits.argmax(1) != data.test.labels).float().mean().item()


def test_evaluation_does_not_depend_on_how_images_are_batched():
    data, network = dataset(23), build(SPEC, seed=0)
    whole = evaluate(network, data.test, data.preprocessing)
    parts = evaluate(network, data.test, data.preprocessing, batch=5)
    assert parts.loss == pytest.approx(whole.loss, rel=1e-5)
    assert (parts.answers == whole.answers).all()


def test_a_caller_may_stop_after_any_epoch():
    steps = train(build(SPEC, seed=0), dataset(16), BRIEF)
    assert next(r for r in steps if isinstance(r, Epoch)).epoch == 1
    steps.close()


# Recipes.


# Both twins at once, and what is measured.


def test_a_pair_learns_exactly_as_each_alone():
    """One pass over the data for both, and not one bit of either changes."""
    data = dataset(16)
    twins = Pair(SPEC, SPEC.plain()).map(lambda spec: build(spec, seed=0))
    together = [r for r in train(twins, data, BRIEF) if isinstance(r, Epoch)]
    assert [(e.kind, e.epoch) for e in together] == [
        ("residual", 1), ("plain", 1), ("residual", 2), ("plain", 2)
    ]  # fmt: skip
    for network, kind in twins.join(Pair("residual", "plain")):
        alone = build(network.spec, seed=0)
        epochs = learned(alone, data, BRIEF)
        for key, value in alone.state_dict().items():
            assert torch.equal(value, network.state_dict()[key]), key
        assert [e.train_loss for e in epochs] == [e.train_loss for e in together if e.kind == kind]


@pytest.mark.parametrize("optimiser", Optimiser)
def test_training_equals_a_loop_written_out_by_hand(optimiser):
    data, seed = dataset(12), 5
    recipe = Recipe(
        epochs=2, learning_rate=0.05, schedule=Schedule.COSINE, optimiser=optimiser, batch_size=5,
        nesterov=optimiser is Optimiser.SGD, weight_decay=1e-3, l1=1e-4, label_smoothing=0.1,
        augmentation=Augmentation.NONE, seed=seed,
    )  # fmt: skip
    ours, plain = build(SPEC, seed=0), build(SPEC, seed=0)
    steps = [r for r in train(ours, data, recipe) if isinstance(r, TrainingStep)]
    rule = {
        Optimiser.SGD: lambda p: torch.optim.SGD(
            p, lr=0.05, momentum=0.9, weight_decay=1e-3, nesterov=True
        ),
        Optimiser.ADAMW: lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=1e-3),
    }[optimiser](plain.parameters())
    plain.train()
    for epoch in range(2):
        order = torch.randperm(12, generator=torch.Generator().manual_seed(seed * 100_003 + epoch))
        for step, chosen in enumerate(order.split(5)):
            rule.param_groups[0]["lr"] = recipe.learning_rate_at((epoch + step / 3) / 2)
            before = {k: v.detach().clone() for k, v in plain.named_parameters()}
            logits = plain(normalise(data.train.images[chosen], data.preprocessing))
            loss = torch.nn.functional.cross_entropy(
                logits, data.train.labels[chosen], label_smoothing=0.1
            )
            layers = ["conv1", "layer1.0.conv1", "layer1.0.conv2", "layer2.0.conv1",
                      "layer2.0.conv2", "fc"]  # fmt: skip
            weights = {name: plain.get_submodule(name).weight for name in layers}
            loss = loss + 1e-4 * sum(w.abs().sum() for w in weights.values())
            rule.zero_grad()
            loss.backward()
            rule.step()
            told = next((s for s in steps if s.step == 3 * epoch + step), None)
            if told is None:
                continue
            assert told.loss == pytest.approx(loss.item(), rel=1e-5)
            assert list(told.gradient_norms) == layers
            for name, weight in weights.items():
                old = before[f"{name}.weight"]
                moved = ((weight - old).norm() / old.norm()).item()
                assert told.gradient_norms[name] == pytest.approx(
                    weight.grad.norm().item(), rel=1e-4
                )
                assert told.update_ratios[name] == pytest.approx(moved, rel=1e-3)
    assert {0, 1, 2, 3, 5} <= {s.step for s in steps}
    for key, value in plain.state_dict().items():
        assert torch.allclose(value, ours.state_dict()[key], rtol=1e-4, atol=1e-6), key


def test_steps_are_measured_first_often_and_then_now_and_then():
    recipe = Recipe(epochs=3, learning_rate=0.01, batch_size=1, images=16)
    records = list(train(build(SPEC, seed=0), dataset(16), recipe, every=7))
    steps = [r.step for r in records if isinstance(r, TrainingStep)]
    expected = {s for s in range(48) if s in FIRST_STEPS or s % 7 == 0 or s % 16 == 0}
    assert steps == sorted(expected)
    progress = [(r.epoch, r.step, r.steps) for r in records if isinstance(r, TrainingProgress)]
    assert progress[0] == (1, 1, 16)
    assert progress[-1] == (3, 16, 16)


def test_an_epoch_tells_recall_dead_channels_and_how_far_weights_went():
    data, network = dataset(16), build(SPEC, seed=0)
    start = {n: p.detach().clone() for n, p in network.named_parameters()}
    *_, last = learned(network, data, BRIEF)
    found = evaluate(network, data.test, data.preprocessing)
    assert last.recall == pytest.approx(found.recall)
    for label, recall in enumerate(last.recall):
        own = found.labels == label
        assert recall == pytest.approx((found.answers[own] == label).mean())
    for layer, change in last.weight_changes.items():
        weight, old = network.get_submodule(layer).weight, start[f"{layer}.weight"]
        assert change == pytest.approx(((weight - old).norm() / old.norm()).item(), rel=1e-4)
    assert set(last.dead_channels) == {"layer1.0", "layer2.0"}
    with torch.no_grad():
        network.get_submodule("layer2.0.bn2").weight[:4] = 0
        network.get_submodule("layer2.0.bn2").bias[:4] = -100.0
    from resnet_viz.training.learner import Learner

    dead = Learner("residual", network, BRIEF).dead_channels(data)
    assert dead["layer2.0"] >= 4 / 16


def test_a_loss_that_is_not_finite_is_one_sentence():
    recipe = Recipe(
        epochs=30, learning_rate=100.0, schedule=Schedule.CONSTANT, batch_size=4, weight_decay=10.0
    )
    with pytest.raises(TrainingError, match="infinite or NaN"):
        list(train(build(SPEC.plain(), seed=0), dataset(16), recipe, every=1))


def test_bfloat16_learns_too_and_keeps_float32_weights():
    recipe = Recipe(epochs=40, learning_rate=0.1, schedule=Schedule.ONE_CYCLE, batch_size=16,
                    precision=Precision.BF16)  # fmt: skip
    network = build(SPEC, seed=0)
    epochs = learned(network, dataset(16), recipe)
    assert epochs[-1].train_loss < epochs[0].train_loss / 2
    assert {p.dtype for p in network.parameters()} == {torch.float32}


def test_a_subset_is_even_over_the_classes_and_the_test_subset_the_same_for_every_seed():
    data = dataset(200)
    recipe = Recipe(epochs=1, learning_rate=0.1, images=41, test_images=20, seed=1)
    used = data.subset(recipe.images, recipe.test_images, recipe.seed)
    assert len(used.train) == 41
    assert max(used.train.counts(4)) - min(used.train.counts(4)) <= 1
    other = data.subset(41, 20, seed=2)
    assert torch.equal(used.test.images, other.test.images)
    assert not torch.equal(used.train.images, other.train.images)
