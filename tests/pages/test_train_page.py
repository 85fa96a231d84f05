"""The Train page without a browser: start, invalid settings, and a finished run."""

import json
import time

import pytest
from streamlit.testing.v1 import AppTest

from resnet_viz import NetworkSpec
from resnet_viz.core.places import ASSETS, home
from resnet_viz.core.text import Text
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.queue.execute import execute
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.jobs.queue.runs import stop
from resnet_viz.records import TrainingPoint, WatchedImages
from resnet_viz.training.class_demo import recorded_demo
from resnet_viz.training.config import TrainingConfig
from resnet_viz.training.recipe import Recipe
from resnet_viz.ui.choose.openings import design_id, packed
from resnet_viz.ui.frame.session import RUN, TRAIN_MOMENT, TRAIN_SETTINGS
from tests.source import ROOT

TIMEOUT = 120  # seconds
prepared = []  # devices whose worker a page asked for
SPEC = NetworkSpec(depths=(1, 1), widths=(8, 16), input_size=8, input_channels=1)


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_VIZ_HOME", str(tmp_path))
    monkeypatch.setattr(runs, "prepare", prepared.append)
    prepared.clear()


def opened(language="en", run=None, **query):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT)
    app.query_params["lang"] = language
    app.query_params["train_network"] = "resnet20"  # its preview takes a third of resnet56's
    for name, value in query.items():
        app.query_params[name] = value
    if run is not None:
        app.session_state[RUN.name] = run
    app.switch_page("pages/4_Train.py")
    return app.run()


def words(app):
    shown = [*app.header, *app.subheader, *app.markdown, *app.caption, *app.warning, *app.error,
             *app.info]  # fmt: skip
    return "\n".join(str(element.value) for element in shown)


@pytest.fixture
def finished():
    store = RunStore()
    recipe = Recipe(epochs=2, learning_rate=0.05, batch_size=32, images=96, test_images=40)
    config = TrainingConfig(network=SPEC, pair=True, data="digits", recipe=recipe)
    run_id = store.create("train", config, "my *bold* run", "cpu")
    assert execute(store, run_id) is JobState.DONE
    return run_id


@pytest.mark.parametrize(("language", "sentence"), [("en", "No training"), ("zh", "还没有训练")])
def test_the_page_starts_and_teaches(language, sentence):
    app = opened(language)
    assert not app.exception
    assert sentence in words(app)
    assert app.button(key="train_begin")
    assert prepared == ["cpu"]  # its worker starts while one still chooses
    assert app.session_state[TRAIN_SETTINGS.name]
    assert "train." not in words(app)


def test_the_usual_form_is_the_class_demo_that_was_recorded():
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT)
    app.switch_page("pages/4_Train.py")
    app.run()
    chosen = [app.selectbox(key=key).value for key in ("train_network", "data", "recipe")]
    assert chosen == ["resnet56", "digits", "class-demo"]
    assert app.selectbox(key="train_class-demo_augmentation").value == "own"
    app.button(key="train_begin").click().run()
    assert not app.exception
    (run,) = RunStore().listed()
    assert run.title == "ResNet-56 + plain-56, digits, class demo"
    assert not app.session_state[TRAIN_SETTINGS.name]  # folded away
    assert app.selectbox(key=RUN.name).value == run.id
    assert recorded_demo().covers(run.config)
    stop(run.id)


def test_a_crop_that_is_asked_for_is_scaled_to_the_images():
    app = opened()
    keys = [box.key for box in app.number_input]
    assert not [key for key in keys if "shift" in key]
    app.selectbox(key="train_class-demo_augmentation").set_value("crop").run()
    assert app.number_input(key="train_class-demo_1_shift").value == 1
    app.selectbox(key="data").set_value("cifar10").run()
    assert app.number_input(key="train_class-demo_4_shift").value == 4


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_finished_run_is_shown_with_curves_images_and_a_way_out(finished, language):
    app = opened(language, run=finished)
    assert not app.exception
    assert len(app.get("plotly_chart")) == 2
    assert "my *bold* run" in app.selectbox(key=RUN.name).options[0]
    assert len(app.get("download_button")) == 1
    text = Text(language)
    unchanged = text("train.changes_none")
    facts = {"data": "digits", "train": 96, "test": 40, "changes": unchanged, "seed": 0}
    assert text("train.facts", **facts) in words(app)
    assert sum(" %" in str(caption.value) for caption in app.caption) >= 8  # answers


def test_one_can_look_back_at_every_epoch_and_before_the_first(finished):
    app = opened(run=finished)
    slider = app.slider(key=TRAIN_MOMENT[finished].name)
    assert (slider.min, slider.max, slider.value) == (0, 2, 2)
    now = words(app)
    app = slider.set_value(1).run()
    assert not app.exception
    assert "After epoch 1 " in words(app)
    assert words(app) != now
    for chart in app.get("plotly_chart"):  # both mark the same step
        lines = json.loads(chart.proto.spec)["layout"]["shapes"]
        assert {line["x0"] for line in lines} == {3}
    app = app.slider(key=TRAIN_MOMENT[finished].name).set_value(0).run()
    assert not app.exception
    assert "before the first step" in words(app)
    assert Text("en")("train.sentence_none") in words(app)


def test_a_run_has_a_point_for_every_step_and_pictures_before_the_first(finished):
    points = runs.events(finished, TrainingPoint)
    assert [point.step for point in points] == list(range(6))
    assert all(set(point.errors) == {"residual", "plain"} for point in points)
    assert [one.epoch for one in runs.events(finished, WatchedImages)] == [0, 1, 2]


def test_a_pause_leaves_the_settings_folded_and_a_stop_opens_them(finished):
    store = RunStore()
    run_id = store.create("train", store.run(finished).config, "going", "no-such-device")
    app = opened(run=run_id)
    assert not app.session_state[TRAIN_SETTINGS.name]
    app.button(key="train_pause").click().run()
    assert store.run(run_id).state is JobState.STOPPED
    assert not app.session_state[TRAIN_SETTINGS.name]
    app.button(key="train_resume").click().run()
    app.button(key="train_stop").click().run()
    assert store.run(run_id).state is JobState.STOPPED
    assert app.session_state[TRAIN_SETTINGS.name]


def test_a_run_deleted_elsewhere_leaves_the_page_alive(finished):
    RunStore().remove(finished)
    app = opened(run=finished)
    assert not app.exception
    assert "No training" in words(app)


def test_stop_of_a_queued_run_and_delete(finished):
    store = RunStore()
    run_id = store.create("train", store.run(finished).config, "waiting", "no-such-device")
    store.move(run_id, JobState.STOPPED, when=(JobState.QUEUED,))
    app = opened(run=run_id)
    assert "it can be resumed" in words(app)
    app.button(key="train_delete").click().run()
    assert not app.exception
    assert [run.id for run in store.listed()] == [finished]


def test_rename(finished):
    app = opened(run=finished)
    app.text_input(key=f"train_title_{finished}").set_value("renamed").run()
    app.button(key="train_rename").click().run()
    assert RunStore().run(finished).title == "renamed"


def test_a_hostile_zip_is_one_sentence_and_the_page_lives(tmp_path):
    app = opened(data="own")
    assert "as a folder or a ZIP" in words(app)
    app.file_uploader(key="train_own").set_value(("../../x.zip", b"PK nonsense", "application/zip"))
    app.run()
    for _ in range(100):
        if app.warning or app.error:
            break
        time.sleep(0.3)
        app.run()
    assert not app.exception
    assert "not a readable ZIP" in words(app)
    assert not list(tmp_path.parent.glob("x.zip"))


@pytest.mark.parametrize(
    "query", [{"train_network": "resnet9999"}, {"data": "../.."}, {"recipe": "<script>"}]
)
def test_a_wrong_address_is_the_default(query):
    app = opened(**query)
    assert not app.exception
    assert app.selectbox(key="recipe").value == "class-demo"
    assert app.selectbox(key="data").value == "digits"


def test_a_pair_opens_in_compare_with_its_own_classes(tmp_path):
    store = RunStore()
    recipe = Recipe(epochs=1, learning_rate=0.05, batch_size=32, images=64, test_images=40)
    spec = NetworkSpec.preset("resnet20")
    config = TrainingConfig(network=spec, pair=True, data="digits", recipe=recipe)
    title = "![digits](http://127.0.0.1:9/t.png) by heart"  # anybody may rename a run
    run_id = store.create("train", config, title, "cpu")
    execute(store, run_id)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT)
    for name, value in {"network": f"run-{run_id}"}.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    assert "by heart" in words(app)
    assert "![digits](" not in words(app)
    assert "7" in app.selectbox(key="target").options


def test_what_became_of_layers_and_classes_is_below_the_curves(finished):
    app = opened(run=finished)
    app.session_state["train_inside"] = True
    app.run()
    assert not app.exception
    assert "changed most" in words(app)
    assert "macro recall" in words(app)
    recall = next(table.value for table in app.dataframe if "Class" in table.value)
    assert len(recall) == 10


def test_a_single_network_can_begin_from_a_weights_file():
    app = opened()
    assert app.segmented_control(key="train_start").options == ["untrained", "trained"]
    app.segmented_control(key="train_pair").set_value("single").run()
    assert "a file" in app.segmented_control(key="train_start").options
    app.segmented_control(key="train_start").set_value("file").run()
    assert "Upload a weights file" in words(app)
    assert "train_begin" not in {button.key for button in app.button}
    weights = (ASSETS / "checkpoints" / "resnet20.safetensors").read_bytes()
    upload = ("../../my weights.safetensors", weights, "application/octet-stream")
    app.file_uploader(key="train_weights").set_value(upload).run()
    assert not app.exception
    assert app.button(key="train_begin")
    kept = list((home() / "uploads").glob("*/*"))
    assert [path.name for path in kept] == ["my_weights.safetensors"]


def test_torchvisions_networks_begin_from_its_weights_only_alone():
    app = opened(train_network="resnet18")
    assert "ImageNet" not in app.segmented_control(key="train_start").options
    app.segmented_control(key="train_pair").set_value("single").run()
    assert "ImageNet" in app.segmented_control(key="train_start").options


def test_a_design_from_the_address_can_be_trained():
    app = opened(train_network=design_id(SPEC), design=packed(SPEC))
    assert not app.exception
    assert app.selectbox(key="train_network").value == design_id(SPEC)
    assert "own design" in app.selectbox(key="train_network").options[-1]
