"""The Experiments page without a browser: a gallery, a guess, and then the measurement."""

import json
import shutil
import socket

import pytest

from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.core.places import ASSETS
from resnet_viz.core.text import Text
from resnet_viz.experiments.recordings import deepest_first
from resnet_viz.experiments.registry import EXPERIMENTS
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.queue import runs as local
from resnet_viz.jobs.queue.execute import execute
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.records import UNSURE
from resnet_viz.training.config import training_config
from resnet_viz.ui.frame.engines import measurements
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


def guessed(name, answer=None, **query):
    """The page of somebody who guessed, by default the first answer."""
    answer = answer or EXPERIMENTS[name].answers[0]
    return opened(experiment=name, guesses=f"{name}.{answer}", **query)


def in_address(app, name):
    value = app.query_params.get(name, [""])
    return value if isinstance(value, str) else value[0]


def pictures(app):
    """The thumbnails, and whether each is blurred."""
    bodies = [one.proto.body for one in app.get("html")]
    return ["finding-blurred" in body for body in bodies if "<img" in body]


def measured_here(name, answer=None):
    """The page after a quick look was measured."""
    app = guessed(name, answer)
    start = next(one for one in app.get("button_group") if one.key.startswith(f"start_{name}"))
    start.set_value("small").run()
    app.button(key="measure_here").click().run()
    return measured(app)


def test_every_card_has_a_blurred_picture_a_question_and_its_answers():
    app = opened()
    assert not app.exception
    for name, row in EXPERIMENTS.items():
        assert Text("en")(f"experiment.{name}.question") in words(app)
        assert len(app.radio(key=f"guess_{name}").options) == len(row.choices)
    assert pictures(app) == [True] * len(EXPERIMENTS)
    assert not app.get("plotly_chart")
    assert "0 of 13 guessed" in app.get("progress")[0].proto.text


def test_a_guess_on_a_card_opens_it_and_is_kept_when_one_goes_back():
    app = opened()
    app = app.radio(key="guess_paths").set_value("long").run()
    assert in_address(app, "experiment") == "paths"
    assert in_address(app, "guesses") == "paths.long"
    assert app.warning[0].value.startswith("Not this time")
    app = app.button(key="back").click().run()
    assert not app.exception
    assert pictures(app).count(False) == 1
    assert Text("en")("experiments.mark_wrong") in words(app)
    assert "1 of 13 guessed, 0 right" in app.get("progress")[0].proto.text
    app = app.button(key="open_paths").click().run()
    assert app.get("plotly_chart")


def test_a_guess_cannot_be_changed_and_survives_reload_and_language():
    again = guessed("paths", "long", lang="zh")
    assert again.warning[0].value.startswith("这次没猜对")
    assert not [radio for radio in again.radio if radio.key == "guess_paths"]
    assert in_address(again, "guesses") == "paths.long"


def test_the_next_question_is_one_click_away():
    app = guessed("zero-means-identity").button(key="next").click().run()
    assert in_address(app, "experiment") == "degradation"
    assert pictures(app) == [True]
    app = app.radio(key="guess_degradation").set_value(UNSURE).run()
    assert in_address(app, "guesses") == "zero-means-identity.equal~degradation.unsure"


def test_nothing_is_shown_before_the_guess():
    app = opened(experiment="zero-means-identity")
    assert not app.get("plotly_chart")
    assert app.radio(key="guess_zero-means-identity").value is None
    assert Text("en")("experiments.guess_first") in words(app)
    assert pictures(app) == [True]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_guess_reveals_the_deepest_recording_at_once(name, monkeypatch):
    """Without a network and without a measurement."""

    def refuse(*_):
        raise OSError("no network")

    app = opened(experiment=name)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    before = measurements().running()  # of other tests
    app.radio(key=f"guess_{name}").set_value(EXPERIMENTS[name].answers[-1]).run()
    assert not app.exception
    assert not app.error
    assert "*Recorded* on 20" in words(app)
    deepest = deepest_first(EXPERIMENTS[name])[0]
    assert deepest.command in [code.value for code in app.code]
    drawn = [panel for panel in deepest.finding.panels if not panel.behind]
    assert len(app.get("plotly_chart")) >= len(drawn)
    assert measurements().running() == before


def test_recordings_of_a_deeper_network_come_first():
    assert deepest_first(EXPERIMENTS["lesion"])[0].finding.settings["depth"] == 56
    for row in EXPERIMENTS.values():
        depths = [one.finding.settings.get("depth", 0) for one in deepest_first(row)]
        assert depths == sorted(depths, reverse=True)


@pytest.mark.parametrize("name", ["zero-means-identity", "cka", "degradation"])
def test_measuring_here_shows_panels_caption_and_verdict(name):
    app = measured_here(name)
    assert not app.exception
    assert not app.error
    assert "*Measured* on this machine" in words(app)
    assert app.get("button_group")[0].value == "small"  # what was measured stays chosen
    assert "*Recorded*" not in words(app)
    assert len(app.get("plotly_chart")) >= 1
    for chart in app.get("plotly_chart"):
        assert json.loads(chart.proto.spec)["data"]
    assert Text("en")(f"experiment.{name}.claim") in words(app)
    assert Text("en")(f"experiment.{name}.refute") in words(app)
    assert "run_experiment" in app.code[0].value


def test_the_guess_is_compared_with_the_measurement():
    app = measured_here("zero-means-identity", answer="plain")
    assert len(app.warning) == 1
    assert app.warning[0].value.startswith("Not this time")
    assert Text("en")("experiment.zero-means-identity.answer_residual") in app.warning[0].value


def test_an_undecided_record_leaves_the_guess_open():
    app = guessed("layer-responses")
    assert not app.exception
    assert any(info.value.startswith("Open") for info in app.info)
    assert not app.success
    assert not app.warning


def test_one_need_not_be_sure():
    app = guessed("gradient-growth", UNSURE)
    assert any(info.value.startswith("Measured") for info in app.info)
    assert not app.warning


def test_chinese_page_has_no_key_left():
    app = guessed("layer-responses", lang="zh")
    assert app.header[0].value == "实验"
    assert "experiment." not in words(app).replace("experiments.registry", "")


@pytest.mark.parametrize(
    "value", ["many", "-3", "9" * 80, "![x](http://127.0.0.1:9/a.png)", "<b>", ""]
)
def test_a_hostile_setting_is_one_sentence(value):
    app = guessed("cka")
    before = len(app.warning)  # a guess may be wrong
    app.text_input(key="set_cka_usual_images").set_value(value).run()
    assert not app.exception
    assert len(app.warning) == before + 1
    assert not any("![x](" in warning.value for warning in app.warning)


@pytest.mark.parametrize("name", ["no-such", "../../etc/passwd", "x" * 10_000])
def test_hostile_address_opens_the_gallery(name):
    app = opened(experiment=name)
    assert not app.exception
    assert app.radio(key="guess_lesion")


def test_a_recording_is_labelled_and_stands_beside_published_figures():
    app = guessed("lesion")
    assert "not measured now" in words(app)
    assert any("--set depth=56" in code.value for code in app.code)
    assert "75" in app.table[1].value.to_string()
    app.selectbox(key="shown_lesion").set_value("lesion").run()
    assert not app.exception
    assert "*Recorded* on 20" in words(app)
    assert any("--set depth=20" in code.value for code in app.code)


def test_what_takes_long_is_offered_as_a_background_run():
    app = guessed("lesion")
    assert app.button(key="measure_here")
    app.text_input(key="set_lesion_usual_images").set_value("10000").run()
    assert not app.exception
    assert "so it runs in the background" in words(app)
    assert not [button for button in app.button if button.key == "measure_here"]
    assert app.button(key="run_background").label == Text("en")("experiments.run_background")


def test_settings_can_start_from_those_of_the_recording():
    app = guessed("refinement")
    start = next(one for one in app.get("button_group") if one.key.startswith("start_refinement"))
    start.set_value("recorded").run()
    recorded = deepest_first(EXPERIMENTS["refinement"])[0].finding.settings
    images = app.text_input(key="set_refinement_recorded_images").value
    assert images == str(recorded["images"])


def test_a_surface_is_drawn_flat_and_as_a_surface():
    app = guessed("loss-landscape")
    app.selectbox(key="shown_loss-landscape").set_value("loss-landscape-2d").run()
    kinds = [json.loads(c.proto.spec)["data"][0]["type"] for c in app.get("plotly_chart")]
    assert kinds == ["contour", "contour", "surface", "surface"]


def test_a_background_run_is_started_watched_stopped_resumed_opened_and_deleted():
    app = guessed("zero-means-identity")
    start = next(one for one in app.get("button_group") if one.key.startswith("start_zero"))
    start.set_value("small").run()
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
    app = guessed("zero-means-identity")
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
    app = guessed("cka")
    start = next(one for one in app.get("button_group") if one.key.startswith("start_cka"))
    start.set_value("small").run()
    app.selectbox(key="twins_cka").set_value(run_id).run()
    app.button(key="measure_here").click().run()
    app = measured(app)
    assert not app.exception
    assert not app.error
    assert f"twins='{run_id}'" in app.code[0].value
