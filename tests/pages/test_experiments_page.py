"""The Experiments page without a browser: a gallery, a guess, and then the measurement."""

import json
import shutil

import pytest

from resnet_viz.checkpoints.sources.bundled import bundled_names
from resnet_viz.core.places import ASSETS
from resnet_viz.core.text import Text
from resnet_viz.experiments.registry import EXPERIMENTS
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.queue import runs as local
from resnet_viz.jobs.queue.execute import execute
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.training.config import training_config
from tests.pages import opening
from tests.pages.opening import measured, words

pytestmark = pytest.mark.skipif(
    not {"resnet20", "plain20"} <= set(bundled_names()), reason="no bundled twins"
)


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    """Runs of the test alone, and no worker: the tests do runs themselves."""
    monkeypatch.setenv("RESNET_VIZ_HOME", str(tmp_path))
    monkeypatch.setattr(local, "_see_to", lambda store, device: None)


def opened(**query):
    return opening.opened("pages/5_Experiments.py", **query)


def revealed(name, **query):
    app = opened(experiment=name, **query)
    app.toggle(key=f"small_{name}").set_value(True).run()
    app.button(key="reveal").click().run()
    return measured(app)


def test_gallery_has_a_card_for_every_experiment():
    app = opened()
    assert not app.exception
    for name in EXPERIMENTS:
        assert Text("en")(f"experiment.{name}.title") in words(app)
        assert app.button(key=f"open_{name}")
    assert not app.get("plotly_chart")


def test_a_card_opens_its_experiment_and_back_leads_to_the_gallery():
    app = opened()
    app = app.button(key="open_paths").click().run()
    assert app.query_params["experiment"] in (["paths"], "paths")
    app = app.button(key="back").click().run()
    assert not app.exception
    assert app.button(key="open_lesion")


def test_nothing_is_shown_before_the_guess_is_revealed():
    app = opened(experiment="zero-means-identity")
    assert not app.get("plotly_chart")
    assert app.radio(key="guess_zero-means-identity").value is None


@pytest.mark.parametrize("name", ["zero-means-identity", "cka", "degradation"])
def test_revealing_shows_panels_caption_and_verdict(name):
    app = revealed(name)
    assert not app.exception
    assert not app.error
    assert len(app.get("plotly_chart")) >= 1
    for chart in app.get("plotly_chart"):
        assert json.loads(chart.proto.spec)["data"]
    assert Text("en")(f"experiment.{name}.claim") in words(app)
    assert Text("en")(f"experiment.{name}.refute") in words(app)
    assert "run_experiment" in app.code[0].value


def test_the_guess_is_compared_with_the_measurement():
    app = opened(experiment="zero-means-identity")
    app.radio(key="guess_zero-means-identity").set_value("plain")
    app.toggle(key="small_zero-means-identity").set_value(True).run()
    app.button(key="reveal").click().run()
    app = measured(app)
    guess = Text("en")("experiment.zero-means-identity.answer_plain")
    assert Text("en")("experiments.wrong", guess=guess) in words(app)


def test_chinese_page_has_no_key_left():
    app = revealed("layer-responses", lang="zh")
    assert app.header[0].value == "实验"
    assert "experiment." not in words(app).replace("experiments.registry", "")


@pytest.mark.parametrize(
    "value", ["many", "-3", "9" * 80, "![x](http://127.0.0.1:9/a.png)", "<b>", ""]
)
def test_a_hostile_setting_is_one_sentence(value):
    app = opened(experiment="cka")
    app.text_input(key="set_cka_False_images").set_value(value).run()
    assert not app.exception
    assert len(app.warning) == 1
    assert "![x](" not in app.warning[0].value


@pytest.mark.parametrize("name", ["no-such", "../../etc/passwd", "x" * 10_000])
def test_hostile_address_opens_the_gallery(name):
    app = opened(experiment=name)
    assert not app.exception
    assert app.button(key="open_lesion")


def test_a_recording_is_labelled_and_stands_beside_published_figures():
    app = opened(experiment="lesion")
    app.selectbox(key="shown_lesion").set_value("lesion-56").run()
    assert not app.get("plotly_chart")  # not before the guess
    app = app.button(key="reveal").click().run()
    assert not app.exception
    assert "*Recorded* on 20" in words(app)
    assert "--set depth=56" in app.code[0].value
    assert "75" in app.table[0].value.to_string()
    assert app.button(key="run_background")


def test_what_takes_long_is_shown_as_recorded_or_offered_as_a_background_run():
    app = opened(experiment="lesion")
    app.text_input(key="set_lesion_False_depth").set_value("56")
    app.text_input(key="set_lesion_False_images").set_value("1000").run()
    app = app.button(key="reveal").click().run()
    assert "*Recorded* on 20" in words(app)
    app.text_input(key="set_lesion_False_images").set_value("5000").run()
    assert not app.exception
    assert "*Recorded* on 20" not in words(app)
    assert app.button(key="run_background").label == Text("en")("experiments.run_background")


def test_a_surface_is_drawn_flat_and_as_a_surface():
    app = opened(experiment="loss-landscape")
    app.selectbox(key="shown_loss-landscape").set_value("loss-landscape-2d").run()
    app = app.button(key="reveal").click().run()
    kinds = [json.loads(c.proto.spec)["data"][0]["type"] for c in app.get("plotly_chart")]
    assert kinds == ["contour", "contour", "surface", "surface"]


def test_a_background_run_is_started_watched_stopped_resumed_opened_and_deleted():
    app = opened(experiment="zero-means-identity")
    app.selectbox(key="shown_zero-means-identity").set_value("zero-means-identity").run()
    app.button(key="reveal").click().run()
    app = app.button(key="run_background").click().run()
    assert not app.exception
    (run,) = runs.listed()
    assert app.selectbox(key="shown_zero-means-identity").value == run.id
    assert Text("en")("train.state_queued", position=1) in words(app)
    app = app.button(key="run_stop").click().run()
    assert runs.run(run.id).state is JobState.STOPPED
    app = app.button(key="run_resume").click().run()
    assert execute(RunStore(), run.id) is JobState.DONE
    app = app.run()
    assert "*Recorded* on 20" in words(app)
    assert app.get("plotly_chart")
    app = app.button(key="run_delete").click().run()
    assert not app.exception
    assert not runs.listed()


def test_every_plot_can_be_taken_as_png():
    app = revealed("zero-means-identity")
    config = json.loads(app.get("plotly_chart")[0].proto.config)
    assert config["modeBarButtons"] == [["toImage"]]
    assert config["toImageButtonOptions"]["filename"] == "zero-means-identity-error"


def test_a_pair_trained_here_can_be_chosen():
    config = training_config("resnet20", "class-demo", pair=True, changes={}, data="cifar10")
    store = RunStore()
    run_id = store.create("train", config, "my *own* pair", "cpu")
    store.move(run_id, JobState.DONE, when=(JobState.QUEUED,))
    for kind, name in (("residual", "resnet20"), ("plain", "plain20")):
        weights = ASSETS / "checkpoints" / f"{name}.safetensors"
        shutil.copy(weights, store.folder(run_id) / f"{kind}.safetensors")
    app = opened(experiment="cka")
    app.toggle(key="small_cka").set_value(True).run()
    app.selectbox(key="twins_cka").set_value(run_id).run()
    app.button(key="reveal").click().run()
    app = measured(app)
    assert not app.exception
    assert not app.error
    assert f"twins='{run_id}'" in app.code[0].value
