"""Many pictures: where they come from, the run that keeps each, and its tables."""

import csv
import io
import json
import zipfile

import pytest

from resnet_viz.checkpoints.load import load_two
from resnet_viz.checkpoints.ref import NetworkRef, Weights
from resnet_viz.core.errors import DataError, ImageError
from resnet_viz.core.places import ASSETS
from resnet_viz.core.text import Text
from resnet_viz.explain.channels.job import maximise_job
from resnet_viz.explain.explain_picture import ExplainRequest
from resnet_viz.explain.many.job import explain_job, request_from_dict, request_to_dict
from resnet_viz.explain.many.picture_sources import PictureSource, open_source
from resnet_viz.explain.many.result_tables import document, gallery_zip, method_rows
from resnet_viz.explain.methods import MethodName
from resnet_viz.records import WeightSource
from resnet_viz.records.explanation import Fused, Fusion
from resnet_viz.spec import NetworkSpec

CONTENT = (ASSETS / "samples" / "automobile.jpg").read_bytes()
TITLES = ("ResNet-20", "plain-20")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("zip") / "pictures.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("automobile/a.jpg", CONTENT)
        made.writestr("Truck/b.jpg", CONTENT)
        made.writestr("broken.png", b"no picture")
        made.writestr("__MACOSX/a.jpg", b"")
    return path


def config(archive):
    bundled = NetworkRef.parse("resnet20")
    requests = [
        ExplainRequest(MethodName.LAYER_CAM, measures=()),
        ExplainRequest(MethodName.LRP, measures=()),
    ]
    return {
        "source": PictureSource(str(archive)).to_dict(),
        "networks": [bundled.to_dict(), bundled.twin().to_dict()],
        "titles": list(TITLES),
        "requests": [[request_to_dict(request) for request in requests]] * 2,
        "device": "cpu",
    }


@pytest.fixture(scope="module")
def finished(archive, tmp_path_factory):
    """A run that was stopped after its first picture, and then went on to its end."""
    folder = tmp_path_factory.mktemp("run")
    first = explain_job(config(archive), folder)
    for event in first:
        if event["key"] == "picture/0001":
            break
    first.close()
    (folder / "0001").rename(folder / "aside")  # it is not made again
    events = {event["key"]: event for event in explain_job(config(archive), folder)}
    (folder / "aside").rename(folder / "0001")
    return folder, events


def told(events):
    return [event for key, event in sorted(events.items()) if key.startswith("picture/")]


def test_a_run_goes_on_behind_what_it_kept(finished):
    _, events = finished
    assert [one["name"] for one in told(events)] == ["b.jpg", "a.jpg", "broken.png"]
    assert events["progress"]["done"] == events["pictures"]["total"] == 3


def test_rows_say_what_is_right_and_what_was_refused(finished):
    _, events = finished
    truck, automobile, broken = told(events)
    assert [row.get("right") for row in automobile["rows"]] == [True, None, True, True]
    assert truck["rows"][0]["right"] is False
    assert truck["rows"][1]["refused"]["code"] == "explain_no_rule"
    assert broken["skipped"]["code"] == "image_unreadable"
    assert automobile["thumbnail"].startswith("data:image/jpeg;base64,")


def test_tables_hold_every_picture_and_the_mean_of_each_method(finished, archive):
    folder, events = finished
    found = document(told(events), config(archive), Text("zh"))
    assert [row["name"] for row in found["images"]] == ["b.jpg"] * 3 + ["a.jpg"] * 3
    assert [(row["method"], row["network"]) for row in found["refused"]] == [("lrp", "ResNet-20")]
    assert "broken.png" in found["skipped"][0]["name"]
    assert {row["pictures"] for row in found["methods"]} == {2}
    with zipfile.ZipFile(io.BytesIO(gallery_zip(found, folder))) as made:
        names = set(made.namelist())
        rows = list(csv.DictReader(io.StringIO(made.read("table.csv").decode())))
        manifest = json.loads(made.read("0002/1-layer-cam/manifest.json"))
    assert {"manifest.json", "methods.csv", "0001/2-lrp/overlay.png"} <= names
    assert len(rows) == 6
    assert manifest["method"] == "layer-cam"


def test_means_leave_out_what_has_no_score():
    rows = [
        {"rows": [{"network": 0, "method": "m", "scores": s}]} for s in ({"a": 1.0}, {}, {"a": 3.0})
    ]
    assert method_rows(rows, ["n"]) == [{"method": "m", "network": "n", "pictures": 3, "a": 2.0}]


def test_a_request_travels_whole():
    request = ExplainRequest(
        MethodName.SCORE_CAM, Fused(Fusion.MEAN, ("layer1.0",)), 3, 4, {}, 7, ()
    )
    assert request_from_dict(json.loads(json.dumps(request_to_dict(request)))) == request


def test_a_data_set_gives_as_many_of_each_class():
    with open_source(PictureSource("digits", count=20)) as entries:
        assert len(entries) == 20
        assert {entry.label for entry in entries} == set("0123456789")
        assert entries[0].read().pixels.shape == (8, 8, 3)


def test_bad_sources_are_one_sentence(tmp_path):
    (tmp_path / "empty").mkdir()
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK no archive")
    escape = tmp_path / "escape.zip"
    with zipfile.ZipFile(escape, "w") as made:
        made.writestr("../a.jpg", CONTENT)
    for place, error in ((tmp_path / "empty", ImageError), (broken, DataError),
                         (escape, DataError), ("nothing", DataError)):  # fmt: skip
        with pytest.raises(error), open_source(PictureSource(str(place))):
            pass


def test_maximising_keeps_its_state_and_tells_every_step(tmp_path):
    config = {
        "network": NetworkRef.parse("resnet20").to_dict(),
        "goal": {"layer": "layer1.0", "channel": 2, "steps": 4},
        "device": "cpu",
    }
    run = maximise_job(config, tmp_path)
    first = next(run)
    run.close()
    events = [first, *maximise_job(config, tmp_path)]
    steps = [event["step"] for event in events if event["key"].startswith("step/")]
    assert steps == [1, 2, 3, 4]
    (picture,) = [event for event in events if event["key"].startswith("picture/")]
    assert picture["still"] > 0
    assert (tmp_path / "ascent.npz").is_file()


def test_any_two_networks_travel_to_a_run():
    spec = NetworkSpec(depths=(1, 1), widths=(4, 8))
    design = NetworkRef(spec, Weights(WeightSource.RANDOM, seed=3))
    refs = [design, NetworkRef.parse("plain20")]
    values = json.loads(json.dumps([ref.to_dict() for ref in refs]))
    one, two = load_two(*map(NetworkRef.from_dict, values))
    assert one.spec == spec
    assert one.training["seed"] == 3
    assert two.spec.name == "plain20"
