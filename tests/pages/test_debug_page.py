"""The Debug page without a browser: healthy, defective and hostile files, comparisons."""

import io
import time
import zipfile

import pytest
import torch
from streamlit.testing.v1 import AppTest

from resnet_viz import NetworkRef, NetworkSpec, load
from resnet_viz.core.places import ASSETS
from resnet_viz.core.text import sentences
from resnet_viz.jobs import sandbox, sandboxed
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.networks.export.weights_files import to_safetensors
from resnet_viz.pictures.samples import samples
from resnet_viz.records import DataShown
from resnet_viz.ui.debug.checkpoint_choice import CheckpointId
from resnet_viz.ui.debug.diagnosis_jobs import diagnosis_of
from resnet_viz.ui.debug.images_choice import ImagesId
from resnet_viz.ui.frame.engines import diagnoses
from tests.checkpoints.hostile_files import DAMAGED, PICKLES, SAFETENSORS
from tests.checkpoints.identifying.test_wild import weights
from tests.report.test_checkpoint_code import SMALL
from tests.source import ROOT

TIMEOUT = 200  # seconds; a worker imports torch anew
HOSTILE = {name: (PICKLES | DAMAGED | SAFETENSORS)[name]
           for name in ("empty", "os.system", "zip bomb", "overlapping")}  # fmt: skip


class Here:
    """A worker without a process of its own, which would import torch for seconds."""

    def __init__(self, kind, config, limits):
        self.killed = False
        self.stdout = self._lines(kind, config)

    def _lines(self, kind, config):
        for line in sandboxed.lines(kind, config):
            if self.killed:
                return
            yield line

    stdin = None

    def kill(self):
        self.killed = True

    def wait(self):
        return 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


@pytest.fixture
def here(monkeypatch):
    monkeypatch.setattr(sandbox, "_started", Here)


def opened(**query):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT)
    app.switch_page("pages/6_Debug.py")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    return app


def words(app):
    shown = [*app.header, *app.subheader, *app.markdown, *app.caption, *app.warning, *app.info]
    return "\n".join(str(element.value) for element in shown).replace("\\", "")


def upload(app, name, data, key="checkpoint_file"):
    app.file_uploader(key=key).set_value((name, data, "application/octet-stream"))
    return app.run()


@pytest.fixture(scope="module")
def sick_file():
    network = load(NetworkRef.parse("resnet20")).network
    weights = {key: value.clone() for key, value in network.state_dict().items()}
    weights["layer2.1.conv2.weight"] *= 3
    out = io.BytesIO()
    torch.save({"state_dict": weights, "epoch": 5}, out)
    return out.getvalue()


def test_the_empty_page_says_what_it_is_for():
    app = opened()
    assert not app.exception
    assert app.info[0].value == sentences("en")["debug.empty"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_bundled_network_is_in_order(language, here):
    app = opened(checkpoint="resnet20", lang=language)
    assert not app.exception
    assert sentences(language)["diagnosis.healthy"] in app.subheader[0].value.replace("\\", "")
    assert "network.load_state_dict(state)" in app.code[0].value
    assert not app.warning
    assert sentences(language)["xray.answers"] in words(app)
    app.selectbox(key="xray_layer_0").set_value("layer2.1.bn2").run()
    assert not app.exception
    assert sentences(language)["xray.variances"] in words(app)
    if language == "en":
        app.button(key="repair-0").click().run()
        assert not app.exception
        assert "resnet20-repaired.safetensors: 116 tensors" in words(app)
        app.button(key="stress-0").click().run()
        assert not app.exception
        assert "changes the logits most" in words(app)


def test_a_sick_upload_is_found_out_and_bad_ones_change_nothing(sick_file, monkeypatch):
    """The sick one in a real worker; of the hostile ones only the pickle needs one at all."""
    app = upload(opened(), "<b>sick</b>.pth", sick_file)
    assert not app.exception
    assert "CIFAR ResNet-20, residual, 10 classes; failures: 1" in words(app)
    assert "layer2.1.bn2" in "".join(e.label for e in app.expander).replace("\\", "")
    assert app.get("plotly_chart")
    assert app.selectbox(key="xray_layer_0").value == "layer2.1.bn2"  # where the cause is
    monkeypatch.setattr(sandbox, "_started", Here)
    for name, data in HOSTILE.items():
        upload(app, f"{name}.pth", data())
        assert not app.exception
        assert len(app.warning) == 1, name
        assert f"{name}.pth" in app.warning[0].value.replace("\\", "")
        assert "CIFAR ResNet-20" in app.subheader[0].value.replace("\\", "")


def test_two_sets_of_weights_of_one_file_are_compared_in_one_click(here):
    network = weights(NetworkSpec(depths=(1, 1), widths=(4, 8)))
    average = {key: value + 0.01 * (value.ndim > 1) for key, value in network.state_dict().items()}
    out = io.BytesIO()
    torch.save({"state_dict": network.state_dict(), "state_dict_ema": average}, out)
    app = upload(opened(), "both.pth", out.getvalue())
    assert not app.exception
    app.toggle(key=next(t.key for t in app.toggle if "ema" in t.label)).set_value(True)
    app.run()
    assert not app.exception
    assert "both.pth, state_dict_ema" in words(app)
    assert "An average without statistics of its own" in words(app)


def test_two_checkpoints_stand_side_by_side(here):
    app = opened(checkpoint="resnet20")
    app.toggle(key="second_on").set_value(True).run()
    app.selectbox(key="second").set_value("plain20").run()
    assert not app.exception
    assert len(app.subheader) == 3
    assert "plain" in app.subheader[1].value
    assert "mean CKA" in words(app)
    assert len(app.dataframe) == 2
    findings = app.dataframe[0].value
    assert {"1. resnet20", "2. plain20"} <= set(findings.columns)
    assert len(app.dataframe[1].value) == len(samples())


def zipped(folders):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, sample in samples().items():
            if sample.label:
                data = (ASSETS / "samples" / sample.file).read_bytes()
                for number in range(2):
                    archive.writestr(f"{folders}{sample.label}/{name}{number}.jpg", data)
    return out.getvalue()


def test_a_zip_of_class_folders_gives_labels_and_a_bad_one_a_sentence(here):
    app = opened(checkpoint="resnet20", looked_at="zip")
    upload(app, "mine.zip", zipped(""), key="own_zip")
    assert not app.exception
    assert "%" in next(m.value for m in app.metric if m.label == "Accuracy")
    assert any("Grad-CAM" in caption.value for caption in app.caption)
    upload(app, "bad.zip", zipped("../"), key="own_zip")
    assert not app.exception
    assert len(app.warning) == 1
    assert "bad.zip" in app.warning[0].value.replace("\\", "")
    assert app.metric


def test_own_pictures_are_looked_at(here):
    app = opened(checkpoint="resnet20", looked_at="pictures")
    files = [(s.file, (ASSETS / "samples" / s.file).read_bytes(), "image/jpeg")
             for s in list(samples().values())[:3]]  # fmt: skip
    app.file_uploader(key="own_pictures").set_value(files).run()
    assert not app.exception
    assert any("3 pictures" in str(row.value) for row in app.text)


def test_a_stopped_diagnosis_can_be_started_again(monkeypatch):
    """A process that takes its time is killed when it is stopped, and the page says so."""

    class Slow(Here):
        def _lines(self, kind, config):
            while not self.killed:
                yield '{"event": "DiagnosisProgress", "part": "reading", "share": 0.5}'
                time.sleep(0.01)

    monkeypatch.setattr(sandbox, "_started", Slow)
    path = ASSETS / "checkpoints" / "resnet32.safetensors"
    job = diagnosis_of([CheckpointId("resnet32", path)], ImagesId())
    running = diagnoses().start(job)
    while not running.poll().records:
        assert not running.wait(0.01)
    assert running.poll().records[0].share == 0.5
    running.stop()
    assert running.wait(10)
    assert running.poll().state is JobState.STOPPED
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT)
    app.switch_page("pages/6_Debug.py")
    app.session_state["stopped_0"] = job.key
    app.query_params["checkpoint"] = "resnet32"
    app.run()
    assert app.info[0].value == sentences("en")["debug.stopped"]
    monkeypatch.setattr(sandbox, "_started", Here)
    app.button(key="again_0").click().run()
    assert not app.exception
    assert "ResNet-32" in app.subheader[0].value.replace("\\", "")


def test_a_training_opens_with_its_twin_as_the_second(here, monkeypatch, tmp_path):
    monkeypatch.setenv("RESNET_VIZ_HOME", str(tmp_path))
    store = RunStore()
    run_id = store.create("train", {"pair": True}, "my *run*", "no-such-device")
    store.move(run_id, JobState.STOPPED, when=(JobState.QUEUED,))
    for spec in (SMALL, SMALL.plain()):
        file = runs.folder(run_id) / f"{spec.kind}.safetensors"
        file.write_bytes(to_safetensors(weights(spec)))
    store.record(run_id, DataShown("cifar10", ("a", "b"), (1, 1), (1, 1), 2, 2, (), ()))
    app = opened(run=run_id)
    assert not app.exception
    assert app.selectbox(key="checkpoint").value == "run_residual"
    assert "residual" in app.subheader[0].value
    app.toggle(key="second_on").set_value(True).run()
    assert app.selectbox(key="second").value == "run_plain"
    assert "plain" in app.subheader[1].value


def test_a_findings_layer_opens_in_compare(sick_file, here):
    app = upload(opened(), "<b>sick</b>.pth", sick_file)
    button = next(b for b in app.button if b.key.startswith("open_compare_"))
    assert button.key.endswith("_layer2.1.conv2")
    button.click().run()
    assert not app.exception
    assert app.session_state["layer"] == "layer2.1.conv2"
    assert app.session_state["network"].startswith("file-")
