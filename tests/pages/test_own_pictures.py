"""A network trained on digits brings digits along; no page shows it a photograph."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from resnet_viz import NetworkSpec, diagnose
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.datasets.dataset import Dataset, ImageSet
from resnet_viz.datasets.dataset_pictures import OFFERED, set_pictures
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.queue.execute import execute
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING
from resnet_viz.records import Role, WatchedImages
from resnet_viz.training.config import TrainingConfig
from resnet_viz.training.recipe import Recipe
from resnet_viz.training.run_samples import SAMPLES_FILE, read_samples, save_samples
from resnet_viz.training.watched import watched
from resnet_viz.ui.choose.own_pictures import own_pictures
from tests.pages.opening import opened

SPEC = NetworkSpec(depths=(1,), widths=(4,), input_size=8, input_channels=1)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def same_home(home, monkeypatch):
    monkeypatch.setenv("RESNET_VIZ_HOME", str(home))


def trained(spec, data):
    """The id of a finished training."""
    store = RunStore()
    recipe = Recipe(epochs=1, learning_rate=0.05, batch_size=32, images=64, test_images=40)
    config = TrainingConfig(network=spec, pair=True, data=data, recipe=recipe)
    run_id = store.create("train", config, "trained", "cpu")
    assert execute(store, run_id) is JobState.DONE
    return run_id


@pytest.fixture(scope="module")
def digits_run(home):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESNET_VIZ_HOME", str(home))
        return trained(SPEC, "digits")


def sample_titles(app):
    return app.selectbox(key="sample").options


def test_compare_shows_the_watched_digits_with_the_answers_that_train_showed(digits_run):
    app = opened("app.py", network=f"run-{digits_run}")
    assert not app.exception
    titles = sample_titles(app)
    assert len(titles) == OFFERED
    assert titles[:2] == ["0 (test image 1)", "2 (test image 1)"]
    assert "Kitten" not in titles
    *_, shown = runs.events(digits_run, WatchedImages)
    side = shown.sides[Role.RESIDUAL]
    headline = next(m.value for m in app.markdown if m.value.startswith("#####"))
    assert f"{round(100 * side.probabilities[0])}%" in headline


def test_a_digit_does_not_stay_with_a_network_of_photographs(digits_run):
    app = opened("app.py", network=f"run-{digits_run}")
    app.selectbox(key="sample").set_value(app.selectbox(key="sample").options[3]).run()
    chosen = app.selectbox(key="sample").value
    app.selectbox(key="network").set_value("resnet20").run()
    assert not app.exception
    assert sample_titles(app)[0] == "Kitten"
    assert app.selectbox(key="sample").value == "cat"
    again = opened("app.py", network=f"run-{digits_run}", sample=chosen)
    assert again.selectbox(key="sample").value == chosen


def test_explain_and_debug_use_the_digits_too(digits_run):
    app = opened("pages/2_Explain.py", network=f"run-{digits_run}", lang="zh")
    assert not app.exception
    assert sample_titles(app)[0] == "0（测试图片 1）"
    app = opened("pages/6_Debug.py", run=digits_run)
    assert not app.exception
    images = app.selectbox(key="looked_at")
    assert images.value == "digits"
    assert not any("photographs" in option for option in images.options)
    app.selectbox(key="checkpoint").set_value("none").run()
    assert app.selectbox(key="looked_at").value == "bundled"


def test_pictures_of_a_visitor_s_folder_are_offered_even_when_it_is_gone(tmp_path):
    folder = tmp_path / "pets"
    for label, shade in (("red cat", 200), ("grey cat", 90)):
        (folder / label).mkdir(parents=True)
        for number in range(5):
            pixels = np.full((8, 8, 3), (shade, 90 + number, 90), np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{number}.png")
    run_id = trained(replace(SPEC, input_channels=3, classes=2), str(folder))
    app = opened("pages/6_Debug.py", run=run_id)
    assert not app.exception
    assert app.selectbox(key="looked_at").value == "training"
    shutil.rmtree(folder)
    app = opened("app.py", network=f"run-{run_id}")
    assert not app.exception
    assert sample_titles(app) == ["grey cat (test image 1)", "red cat (test image 1)"]


def test_a_diagnosis_of_a_digits_network_looks_at_digits(digits_run):
    assert diagnose(runs.folder(digits_run) / "plain.safetensors").images == "digits"


def test_a_training_keeps_the_watched_images_first_and_each_image_once(tmp_path):
    numbers = torch.arange(60, dtype=torch.uint8)
    images = numbers.view(60, 1, 1, 1).expand(60, 3, 8, 8).contiguous()
    test = ImageSet(images, torch.arange(60) % 3)
    data = Dataset("made", ("a", "b", "c"), CIFAR_PREPROCESSING, test, test)
    save_samples(data, tmp_path)
    kept = read_samples(tmp_path)
    assert len(kept) == OFFERED
    assert torch.equal(kept.images[:3], watched(data).images)
    assert len(kept.images[:, 0, 0, 0].unique()) == OFFERED
    (tmp_path / SAMPLES_FILE).write_bytes(b"no tensors")
    assert read_samples(tmp_path) is None


def test_networks_without_a_training_here_get_the_set_of_their_input():
    assert own_pictures(NetworkRef.parse("resnet20")) == ()
    digits = own_pictures(NetworkRef(SPEC))
    assert digits == set_pictures("digits")
    assert [one.label for one in digits[:10]] == list("0123456789")
    assert np.array_equal(digits[0].picture.pixels[..., 0], digits[0].picture.pixels[..., 2])
