"""The training loop: the same images for both twins, and weights that learn."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image

from resnet_viz import NetworkSpec, build, load_checkpoint
from resnet_viz.errors import DataError, OutputError
from resnet_viz.images import CIFAR_PREPROCESSING, normalise
from resnet_viz.networks.catalog import CIFAR10_CLASSES
from resnet_viz.places import cifar10_folders
from resnet_viz.training import run
from resnet_viz.training.augment import crop_and_flip, pad
from resnet_viz.training.data import Dataset, ImageSet, _from_sheets, read_sheet
from resnet_viz.training.loop import evaluate, train
from resnet_viz.training.recipe import PUBLISHED, SHORT, Recipe, Schedule
from resnet_viz.training.run import train_to_file

SPEC = NetworkSpec(depths=(1, 1), widths=(8, 16), classes=4)
BRIEF = Recipe(epochs=2, learning_rate=0.05, schedule=Schedule.STEPS, batch_size=6, seed=3)


def made(count=16, side=32, classes=4, seed=0):
    """Coarse patterns: they survive a crop and a flip."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randint(0, 256, (count, 3, 2, 2), generator=generator).float()
    images = torch.nn.functional.interpolate(coarse, side, mode="nearest").to(torch.uint8)
    labels = torch.randint(0, classes, (count,), generator=generator)
    return ImageSet(images, labels)


def dataset(count=16):
    both = made(count)
    return Dataset("made", ("a", "b", "c", "d"), CIFAR_PREPROCESSING, both, both)


# Augmentation.


def test_the_border_is_the_mean_colour():
    mean = CIFAR_PREPROCESSING.mean
    images = made(3).images
    padded = pad(images, mean)
    assert padded.shape == (3, 3, 40, 40)
    assert torch.equal(padded[:, :, 4:-4, 4:-4], images)
    colour = torch.tensor([round(255 * m) for m in mean], dtype=torch.uint8)
    inside = torch.zeros(40, 40, dtype=torch.bool)
    inside[4:-4, 4:-4] = True
    border = padded[:, :, ~inside]
    assert (border == colour[None, :, None]).all()
    assert normalise(padded, CIFAR_PREPROCESSING)[:, :, ~inside].abs().max() < 0.01


def test_crops_and_flips_equal_a_slow_reference():
    padded = torch.randint(0, 256, (5, 3, 17, 21), dtype=torch.uint8)  # 9 x 13 before padding
    chosen = torch.tensor([4, 0, 0, 3, 2, 1] * 6)
    got = crop_and_flip(padded, chosen, torch.Generator().manual_seed(8))
    generator = torch.Generator().manual_seed(8)
    top, left = torch.randint(0, 9, (2, len(chosen), 1), generator=generator)
    mirrored = torch.randint(0, 2, (len(chosen), 1), generator=generator)
    for i, number in enumerate(chosen.tolist()):
        row, column = top[i].item(), left[i].item()
        crop = padded[number, :, row : row + 9, column : column + 13]
        assert torch.equal(got[i], crop.flip(2) if mirrored[i] else crop)
    assert mirrored.float().mean().item() not in (0.0, 1.0)


def test_every_crop_is_one_of_162_and_all_occur():
    """9 x 9 places and two directions, told apart by what is in the corners."""
    y, x = torch.meshgrid(torch.arange(40), torch.arange(40), indexing="ij")
    padded = torch.stack([x, y, x + y])[None].to(torch.uint8)
    crops = crop_and_flip(
        padded, torch.zeros(8000, dtype=torch.int64), torch.Generator().manual_seed(0)
    )
    corners = {(c[0, 0, 0].item(), c[1, 0, 0].item(), c[0, 0, -1].item()) for c in crops}
    expected = {(x, y, x + 31) for x in range(9) for y in range(9)}
    expected |= {(x + 31, y, x) for x in range(9) for y in range(9)}
    assert corners == expected


# The loop.


def batches_seen(spec, recipe, data):
    network, seen = build(spec, seed=recipe.seed), []
    network.register_forward_pre_hook(
        lambda m, a: seen.append(a[0].clone()) if m.training else None
    )
    epochs = list(train(network, data, recipe))
    return seen, epochs


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
        epochs = list(train(network, data, BRIEF))
        assert torch.equal(torch.get_rng_state(), before)
        results.append((network.state_dict(), [(e.train_loss, e.test_error) for e in epochs]))
    assert results[0][1] == results[1][1]
    for key, value in results[0][0].items():
        assert torch.equal(value, results[1][0][key])


@pytest.mark.parametrize("spec", [SPEC, SPEC.plain()], ids=["residual", "plain"])
def test_sixteen_images_are_learned_by_heart(spec):
    recipe = Recipe(epochs=120, learning_rate=0.1, schedule=Schedule.ONE_CYCLE, batch_size=16)
    network = build(spec, seed=0)
    epochs = list(train(network, dataset(16), recipe))
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
    (epoch,) = train(network, data, recipe)
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
    loss, error = evaluate(network, data.test, data)
    assert {m.training for m in network.modules()} == {training}
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())
    with torch.no_grad():
        logits = network.eval()(normalise(data.test.images, data.preprocessing))
    expected = torch.nn.functional.cross_entropy(logits, data.test.labels).item()
    assert loss == pytest.approx(expected, rel=1e-5)
    assert error == (logits.argmax(1) != data.test.labels).float().mean().item()


def test_evaluation_does_not_depend_on_how_images_are_batched(monkeypatch):
    from resnet_viz.training import loop

    data, network = dataset(23), build(SPEC, seed=0)
    whole = evaluate(network, data.test, data)
    monkeypatch.setattr(loop, "_EVALUATION_BATCH", 5)
    parts = evaluate(network, data.test, data)
    assert parts == pytest.approx(whole, rel=1e-5)


def test_a_caller_may_stop_after_any_epoch():
    steps = train(build(SPEC, seed=0), dataset(16), BRIEF)
    assert next(steps).epoch == 1
    steps.close()


# Recipes.


@pytest.mark.parametrize(
    ("epoch", "rate"),
    [(0, 0.1), (81.9, 0.1), (82, 0.01), (122.9, 0.01), (123, 0.001), (163.9, 0.001)],
)
def test_the_published_rate_falls_at_32_and_48_of_64_thousand_steps(epoch, rate):
    assert PUBLISHED.learning_rate_at(epoch / PUBLISHED.epochs) == pytest.approx(rate)


def test_the_published_recipe_is_he_2015s():
    published = (
        PUBLISHED.batch_size,
        PUBLISHED.momentum,
        PUBLISHED.weight_decay,
        PUBLISHED.nesterov,
    )
    assert published == (128, 0.9, 1e-4, False)  # fmt: skip
    steps = PUBLISHED.epochs * -(-50_000 // PUBLISHED.batch_size)
    assert steps == pytest.approx(64_000, rel=0.005)


def test_one_cycle_warms_up_to_the_highest_rate_and_ends_at_zero():
    rates = [SHORT.learning_rate_at(i / 1000) for i in range(1001)]
    assert rates[0] == pytest.approx(SHORT.learning_rate * 0.05)
    assert max(rates) == pytest.approx(SHORT.learning_rate)
    assert rates.index(max(rates)) == 200
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert all(a <= b for a, b in pairwise(rates[:201]))
    assert all(a >= b for a, b in pairwise(rates[200:]))


def test_the_optimiser_gets_the_recipes_rates(monkeypatch):
    used = []
    original = torch.optim.SGD.step

    def step(self, *args, **kwargs):
        used.append(self.param_groups[0]["lr"])
        return original(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.SGD, "step", step)
    recipe = Recipe(epochs=4, learning_rate=0.08, schedule=Schedule.STEPS, batch_size=8)
    list(train(build(SPEC, seed=0), dataset(16), recipe))
    assert used == pytest.approx([0.08] * 4 + [0.008] * 2 + [0.0008] * 2)


# To a file.


def test_training_to_a_file_keeps_recipe_and_curve(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "cifar10", lambda: dataset(16))
    path = tmp_path / "mine.safetensors"
    epochs = list(train_to_file(SPEC, BRIEF, path))
    loaded = load_checkpoint(path)
    assert loaded.network.spec == SPEC
    assert loaded.training["training"]["recipe"] == BRIEF.to_dict()
    assert [e["test_error"] for e in loaded.training["curve"]] == [e.test_error for e in epochs]
    assert evaluate(loaded.network, dataset(16).test, dataset(16))[1] == epochs[-1].test_error


def test_training_never_overwrites(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "cifar10", lambda: pytest.fail("read data before looking"))
    (tmp_path / "mine.safetensors").write_text("mine")
    with pytest.raises(OutputError):
        list(train_to_file(SPEC, BRIEF, tmp_path / "mine.safetensors"))
    assert (tmp_path / "mine.safetensors").read_text() == "mine"


# Contact sheets.


def test_a_sheet_is_read_row_by_row(tmp_path):
    tiles = np.zeros((100, 32, 32, 3), np.uint8)
    tiles[:, 3, 5] = np.arange(100)[:, None] * [1, 2, 0] + [0, 0, 7]
    pixels = tiles.reshape(2, 50, 32, 32, 3).transpose(0, 2, 1, 3, 4).reshape(64, 1600, 3)
    Image.fromarray(pixels).save(tmp_path / "cat.webp", lossless=True, exact=True)
    got = read_sheet(tmp_path / "cat.webp")
    assert torch.equal(got, torch.from_numpy(tiles.transpose(0, 3, 1, 2).copy()))


@pytest.mark.parametrize("damage", ["missing", "text", "truncated", "wrong size", "png"])
def test_a_damaged_sheet_is_one_sentence(tmp_path, damage):
    path = tmp_path / "cat.webp"
    good = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 1600, 3), np.uint8))
    match damage:
        case "text":
            path.write_text("hello")
        case "truncated":
            good.save(path, lossless=True)
            path.write_bytes(path.read_bytes()[:5000])
        case "wrong size":
            good.resize((1500, 64)).save(path, lossless=True)
        case "png":
            good.save(path, "PNG")
    with pytest.raises(DataError, match=r"cat\.webp"):
        read_sheet(path)


@pytest.fixture(scope="module")
def sheets():
    folder = next((f for f in cifar10_folders() if f.is_dir()), None)
    if folder is None:
        pytest.skip("CIFAR-10's contact sheets are not on this machine")
    return folder


def test_the_real_test_sheets_hold_ten_thousand_images(sheets):
    images = _from_sheets(sheets, ("test",))
    assert images.images.shape == (10_000, 3, 32, 32)
    assert images.labels.bincount().tolist() == [1000] * 10
    pixels = images.images[::10].float() / 255
    for got, told in (
        (pixels.mean((0, 2, 3)), CIFAR_PREPROCESSING.mean),
        (pixels.transpose(0, 1).flatten(1).std(1), CIFAR_PREPROCESSING.deviation),
    ):
        assert got.tolist() == pytest.approx(told, abs=0.015)


def test_the_real_training_sheets_hold_fifty_thousand_images(sheets):
    """By the size in each file's header; decoding them takes a minute."""
    tiles = []
    for part in ("train-1", "train-2"):
        for name in CIFAR10_CLASSES:
            with Image.open(sheets / part / f"{name}.webp") as sheet:
                width, height = sheet.size
            assert width == 50 * 32
            tiles.append(50 * height // 32)
    assert tiles == [2500] * 20
