"""Every event of every kind of run comes back from the queue as it was."""

import json
from math import inf, nan

import numpy as np
import pytest

from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.core.converter import decode, encode
from resnet_viz.core.errors import ImageError, LayerError, RunError
from resnet_viz.core.saving import to_json
from resnet_viz.core.text import Text
from resnet_viz.experiments.job import ExperimentConfig
from resnet_viz.explain.channels.job import MaximiseConfig
from resnet_viz.explain.channels.maximise import Goal
from resnet_viz.explain.explain_picture import ExplainRequest
from resnet_viz.explain.many.job import ManyConfig
from resnet_viz.explain.many.picture_sources import PictureSource
from resnet_viz.explain.method_names import MethodName
from resnet_viz.figures.explanation_plots import ascent_figure
from resnet_viz.figures.training_curves import live_curves
from resnet_viz.figures.training_layers import layers_figure
from resnet_viz.figures.training_plots import (
    by_kind,
    curve_figure,
    measured_steps,
)
from resnet_viz.figures.training_words import training_sentence
from resnet_viz.jobs.codec import last_of, of_type, record_from_json, record_to_json
from resnet_viz.jobs.kinds import KINDS, job_kind
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.records import (
    Counted,
    DataShown,
    Epoch,
    TrainingPoint,
    TrainingProgress,
    TrainingResult,
    TrainingStep,
    WatchedImage,
    WatchedImages,
    WatchedSide,
)
from resnet_viz.records.experiment_events import ExperimentProgress, ExperimentResult
from resnet_viz.records.faithfulness_scores import Better
from resnet_viz.records.features import ActivationPicture, ActivationReached
from resnet_viz.records.many_pictures import MethodRow, PictureResult, PicturesFound, Refusal
from resnet_viz.records.map_facts import Blank, Fused, Fusion
from resnet_viz.spec import NetworkSpec
from resnet_viz.training.config import TrainingConfig
from resnet_viz.training.recipe import PUBLISHED

EN = Text("en")


def epoch(kind, number, error):
    return Epoch(kind, number, 1.5, error, nan, error, 900.0, 0.1, (0.5, nan),
                 {"layer1.0": 0.0}, {"conv1": 0.25, "fc": inf})  # fmt: skip


ROW = MethodRow(0, "grad-cam", "cat", 0.5, None, "cat", "layer1.0", 2.0, next(iter(Blank)),
                {"deletion": nan}, {"deletion": Better.LOW})  # fmt: skip
EVENTS = {
    "train": (
        DataShown("digits", ("0", "1"), (5, 5), (2, 2), 10, 4, ("a.txt",),
                  (WatchedImage(b"\x89PNG\x00", 1),)),
        TrainingStep("residual", 0, 2.3, 0.1, {"conv1": nan, "fc": 1.0}, {"conv1": 0.0, "fc": 0.1}),
        TrainingStep("residual", 1, 2.1, 0.1, {"conv1": 0.5, "fc": inf}, {"conv1": 0.2, "fc": 0.1}),
        TrainingPoint(0, {"residual": 2.3, "plain": nan}, {"residual": 0.5, "plain": 1.0}),
        TrainingPoint(1, {"residual": 2.1, "plain": inf}, {"residual": 0.25, "plain": 1.0}),
        TrainingProgress(1, 3, 20, 75),
        epoch("residual", 1, 0.25),
        epoch("plain", 1, 0.5),
        WatchedImages(1, {"plain": WatchedSide((1,), (0.75,), np.array([[[0.0, nan]]]))}),
        TrainingResult("plain", 4, 0.25, 0.0, (1.0, nan), (0.5, 1.0), np.array([[2, 0], [1, 1]])),
    ),
    "experiment": (
        ExperimentProgress(0.5, 1.25),
        ExperimentResult({"residual": -inf, "plain": nan}, "plain"),
        ExperimentResult({}, None),
    ),
    "explain_folder": (
        PicturesFound(3),
        PictureResult(1, "a.jpg", "cat", "data:image/jpeg;base64,", (ROW,),
                      (Refusal(1, "lrp", LayerError("layer_unknown", name="x", known="y")),)),
        PictureResult(2, "b.txt", "",
                      skipped=ImageError("image_unreadable", name="b.txt", formats="PNG")),
        Counted(1, 3, "grad-cam"),
    ),
    "maximise": (
        ActivationReached(1, 32, nan),
        ActivationPicture(16, 32, 1.5, 1.25, b"\x89PNG\xff"),
        Counted(1, 32),
    ),
}  # fmt: skip
CONFIGS = {
    "train": TrainingConfig(network=NetworkSpec.preset("resnet20"), pair=True, data="digits",
                            recipe=PUBLISHED, frozen=("stem",)),
    "experiment": ExperimentConfig("lesion", {"depth": 20, "source": "photographs"}),
    "explain_folder": ManyConfig(
        PictureSource("digits", 5), (NetworkRef.parse("resnet20"),), ("ResNet-20",),
        ((ExplainRequest(layer=Fused(Fusion.MEAN, ("layer1.0",)), options={"a": 1.0}),
          ExplainRequest(MethodName.LRP, "layer2.0", 3, 4, measures=())),),
    ),
    "maximise": MaximiseConfig(NetworkRef.parse("resnet20"), Goal("layer1.0", 2), "ab"),
}  # fmt: skip


def text(record):
    """The whole record; errors and arrays included, and NaN equal to NaN."""
    return to_json(encode(record))


def stored(tmp_path, kind):
    """What the queue gives back of the events of a kind."""
    store = RunStore(tmp_path)
    run_id = store.create(kind, CONFIGS[kind], "", "cpu")
    for event in EVENTS[kind]:
        store.record(run_id, event)
    return store.status(run_id).records


@pytest.mark.parametrize("kind", KINDS)
def test_every_type_of_event_has_an_example(kind):
    assert {type(event).__name__ for event in EVENTS[kind]} == job_kind(kind).events.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_comes_back_as_it_was(kind):
    for event in EVENTS[kind]:
        values = json.loads(to_json(record_to_json(event)))
        again = record_from_json(values, job_kind(kind).events)
        assert type(again) is type(event)
        assert (again.key, text(again)) == (event.key, text(event))


@pytest.mark.parametrize("kind", KINDS)
def test_every_config_comes_back_as_it_was(kind, tmp_path):
    store = RunStore(tmp_path)
    run = store.run(store.create(kind, CONFIGS[kind], "", "cpu"))
    assert run.config == CONFIGS[kind]
    assert decode(job_kind(kind).config, encode(run.config)) == CONFIGS[kind]


def test_numbers_that_are_not_finite_are_numbers_again(tmp_path):
    records = stored(tmp_path, "train")
    last = last_of(records, Epoch)
    assert np.isnan(last.test_loss)
    assert np.isnan(last.recall[1])
    assert last.weight_changes["fc"] == inf
    watched = last_of(records, WatchedImages).sides["plain"].cams
    assert watched.dtype == np.float64
    assert np.isnan(watched[0, 0, 1])


def test_an_error_of_a_run_is_said_in_the_readers_language(tmp_path):
    explained, skipped = of_type(stored(tmp_path, "explain_folder"), PictureResult)
    assert explained.refused[0].error.sentence(Text("zh")) != str(explained.refused[0].error)
    assert type(skipped.skipped) is ImageError
    assert "b.txt" in str(skipped.skipped)


@pytest.mark.parametrize("values", [{}, {"event": "Epoch"}, {"event": "Counted"}, {"event": 3}])
def test_what_is_no_event_of_the_kind_is_refused(values):
    with pytest.raises(ValueError, match="no "):
        record_from_json(values, job_kind("train").events)


def test_a_kind_that_nobody_registered_is_one_sentence():
    with pytest.raises(RunError, match="train"):
        job_kind("no-such-kind")


def test_figures_of_polled_records_equal_those_of_the_records(tmp_path):
    polled, made = stored(tmp_path, "train"), EVENTS["train"]

    def drawn(records):
        epochs, steps = by_kind(of_type(records, Epoch)), by_kind(of_type(records, TrainingStep))
        changes = {kind: own[-1].weight_changes for kind, own in epochs.items()}
        figures = [
            live_curves(epochs, of_type(records, TrainingPoint), "loss", EN, per_epoch=75),
            curve_figure(epochs, "error", EN),
            curve_figure(epochs, "loss", EN),
            measured_steps(steps, "gradient_norms", EN),
            measured_steps(steps, "update_ratios", EN),
            layers_figure(changes, "change", EN),
        ]
        return [figure.to_json() for figure in figures], training_sentence(epochs, 20, EN)

    assert drawn(polled) == drawn(made)
    ascent = stored(tmp_path / "other", "maximise")
    assert (
        ascent_figure(of_type(ascent, ActivationReached), EN).to_json()
        == ascent_figure(of_type(EVENTS["maximise"], ActivationReached), EN).to_json()
    )
