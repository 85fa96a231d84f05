"""Many pictures: their sources, the run that saves each result, and its tables."""

import csv
import io
import json
import zipfile

import pytest

from resnet_viz.checkpoints.load import load_two
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.checkpoints.weights import Weights
from resnet_viz.core.converter import decode, encode
from resnet_viz.core.errors import DataError, ImageError
from resnet_viz.core.places import ASSETS
from resnet_viz.core.text import Text
from resnet_viz.explain.channels.job import MaximiseConfig, maximise_job
from resnet_viz.explain.channels.maximise import Goal
from resnet_viz.explain.explain_picture import ExplainRequest
from resnet_viz.explain.many.job import ManyConfig, explain_job
from resnet_viz.explain.many.one_picture import PictureAt, picture_job
from resnet_viz.explain.many.picture_sources import PictureSource, open_source
from resnet_viz.explain.many.result_tables import document, gallery_zip, method_rows
from resnet_viz.explain.method_names import MethodName
from resnet_viz.pictures.decode import to_png
from resnet_viz.records import WeightSource
from resnet_viz.records.features import ActivationPicture, ActivationReached
from resnet_viz.records.many_pictures import MethodRow, PictureResult
from resnet_viz.records.map_facts import Fused, Fusion
from resnet_viz.spec import NetworkSpec
from tests.explain.refusing import lrp_without_additions

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
    requests = (
        ExplainRequest(MethodName.LAYER_CAM, measures=()),
        ExplainRequest(MethodName.LRP, measures=()),
    )
    return ManyConfig(
        source=PictureSource(str(archive)),
        networks=(bundled, bundled.twin()),
        titles=TITLES,
        requests=(requests, requests),
    )


def test_one_picture_of_a_set_is_read_by_its_number(archive):
    (first,) = picture_job(PictureAt(PictureSource(str(archive)), 1))
    with open_source(PictureSource(str(archive))) as entries:
        read = entries[0].read()
    assert (first.name, first.png) == (read.name, to_png(read.pixels))
    with pytest.raises(DataError, match="There is no picture 9"):
        list(picture_job(PictureAt(PictureSource(str(archive)), 9)))


@pytest.fixture(scope="module")
def finished(archive, tmp_path_factory):
    """A run that was stopped after its first picture, and then went on to its end."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        lrp_without_additions(patch)
        return stopped_and_resumed(archive, folder)


def stopped_and_resumed(archive, folder):
    first = explain_job(config(archive), folder)
    for event in first:
        if event.key == "picture/0001":
            break
    first.close()
    (folder / "0001").rename(folder / "aside")  # it is not made again
    events = {event.key: event for event in explain_job(config(archive), folder)}
    (folder / "aside").rename(folder / "0001")
    return folder, events


def results(events):
    return [event for _, event in sorted(events.items()) if isinstance(event, PictureResult)]


def test_a_run_goes_on_behind_what_it_kept(finished):
    _, events = finished
    assert [one.name for one in results(events)] == ["b.jpg", "a.jpg", "broken.png"]
    assert events["progress"].done == events["pictures"].total == 3


def test_rows_say_what_is_right_and_what_was_refused(finished):
    _, events = finished
    truck, automobile, broken = results(events)
    assert [(row.network, row.method, row.right) for row in automobile.rows] == [
        (0, "layer-cam", True), (1, "layer-cam", True), (1, "lrp", True)
    ]  # fmt: skip
    assert truck.rows[0].right is False
    (refusal,) = truck.refused
    assert (refusal.network, refusal.method, refusal.error.code) == (0, "lrp", "lrp_operation")
    assert broken.skipped.code == "image_unreadable"
    assert automobile.thumbnail.startswith("data:image/jpeg;base64,")


def test_tables_hold_every_picture_and_the_mean_of_each_method(finished, archive):
    folder, events = finished
    found = document(results(events), config(archive), Text("zh"))
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
    pictures = [
        PictureResult(1, "a.jpg", "", rows=(
            MethodRow(0, "m", "cat", 1.0, None, "cat", None, 1.0, None, scores, {}),))
        for scores in ({"a": 1.0}, {}, {"a": 3.0})
    ]  # fmt: skip
    assert method_rows(pictures, ["n"]) == [
        {"method": "m", "network": "n", "pictures": 3, "a": 2.0}
    ]


def test_a_request_travels_whole():
    request = ExplainRequest(
        MethodName.SCORE_CAM, Fused(Fusion.MEAN, ("layer1.0",)), 3, 4, {}, 7, ()
    )
    assert decode(ExplainRequest, json.loads(json.dumps(encode(request)))) == request


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
    config = MaximiseConfig(NetworkRef.parse("resnet20"), Goal("layer1.0", 2, steps=4))
    run = maximise_job(config, tmp_path)
    first = next(run)
    run.close()
    events = [first, *maximise_job(config, tmp_path)]
    steps = [event.step for event in events if isinstance(event, ActivationReached)]
    assert steps == [1, 2, 3, 4]
    (picture,) = [event for event in events if isinstance(event, ActivationPicture)]
    assert picture.still > 0
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
