"""Recorded results are complete and repeatable, and the bundled twins reach their targets."""

import json

import numpy as np
import pytest
import torch

from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.core.converter import encode
from resnet_viz.core.places import cifar10_folders
from resnet_viz.experiments.job import ExperimentConfig, experiment_job, saved_recording
from resnet_viz.experiments.measures.batches import Images, labelled_batch
from resnet_viz.experiments.measures.walked_twins import trained_twins
from resnet_viz.experiments.recordings import (
    FOLDER,
    LIVE_LIMIT,
    command,
    expected_seconds,
    read_recording,
    recordings_of,
    write_recording,
)
from resnet_viz.experiments.registry import EXPERIMENTS, Duration, find_experiment
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.queue.execute import execute
from resnet_viz.jobs.queue.foreground import begin_here
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.records import TWINS, Recording
from resnet_viz.records.experiment_events import ExperimentResult
from scripts.experiment_recordings import RECORDINGS
from tests.source import ROOT

pytestmark = pytest.mark.skipif(
    not {"resnet20", "plain20", "resnet56", "plain56"} <= set(bundled_names()),
    reason="no bundled twins",
)
LIMITS = {
    Duration.MOMENT: 2,
    Duration.SECONDS: 20,
    Duration.MINUTE: LIVE_LIMIT,
}  # seconds, one core
SURFACE = ExperimentConfig(
    "loss-landscape", {"source": "photographs", "dimensions": 2, "points": 3}
)


def kept(name):
    return read_recording(FOLDER / f"{name}.json")


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_is_whole_and_says_how_to_repeat_it(name):
    one = kept(name)
    row, settings = find_experiment(RECORDINGS[name][0]), RECORDINGS[name][1]
    assert one.finding.progress == 1
    assert row.settings(one.finding.settings) == row.settings(settings)
    assert one.date[:2] == "20"
    assert {"python", "torch", "numpy"} <= set(one.versions)
    assert one.command == command(one.finding)
    assert one.seconds > 0
    for statistic in row.verdict(one.finding).statistics:
        assert statistic.low <= statistic.value <= statistic.high, statistic.bar.number


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_usual_settings_take_as_long_as_the_card_says(name):
    row = EXPERIMENTS[name]
    usual = recordings_of(name)[0]
    assert usual.name == name
    assert usual.seconds < LIMITS[row.duration]
    assert expected_seconds(row, row.config) == pytest.approx(usual.seconds)


def test_what_takes_over_a_minute_is_recorded():
    row = find_experiment("lesion")
    assert expected_seconds(row, row.settings({"images": 10_000})) > LIVE_LIMIT
    for name in ("lesion-56", "loss-landscape-2d-56"):
        one = kept(name)
        own = find_experiment(one.finding.experiment)
        assert expected_seconds(own, own.settings(one.finding.settings)) > LIVE_LIMIT


def test_lesions_at_depth_56_keep_the_bar():
    """Under 3 points for the residual twin, over 40 for the plain one."""
    numbers = kept("lesion-56").finding.numbers
    assert kept("lesion-56").finding.settings["images"] >= 1000
    assert numbers["residual_median"] < 3
    assert numbers["plain_median"] > 40


@pytest.mark.parametrize("name", ["loss-landscape-2d", "loss-landscape-2d-56"])
def test_surfaces_have_their_centre_at_the_trained_loss(name):
    """The loss at the middle is that of the line through it, on the same images and directions."""
    one = kept(name).finding
    for panel in one.panels:
        middle = len(panel.matrix.rows) // 2
        assert panel.matrix.rows[middle] == panel.matrix.columns[middle] == "0"
        assert panel.matrix.values[middle, middle] == one.numbers[f"{panel.name}_centre"]
        assert np.isfinite(panel.matrix.values).all()


def test_centre_of_the_recorded_surface_is_the_trained_loss():
    if not any(folder.is_dir() for folder in cifar10_folders()):
        pytest.skip("CIFAR-10 is not on this machine")
    one = kept("loss-landscape-2d").finding
    twins = trained_twins(20)
    data = labelled_batch(Images.CIFAR10, one.settings["images"], twins.first.preprocessing)
    for kind, loaded in TWINS.join(twins):
        with torch.no_grad():
            loss = torch.nn.functional.cross_entropy(loaded.network(data.images), data.labels)
        assert one.numbers[f"{kind}_centre"] == pytest.approx(loss.item(), rel=1e-5)


def test_recorded_autocorrelation_over_20_seeds_keeps_the_bars():
    one = kept("shattered-gradients-20").finding
    lag_one = one.numbers
    assert one.settings["seeds"] == 20
    assert lag_one["plain-2"] > 0.9
    assert abs(lag_one["plain-24"]) < 0.1
    assert abs(lag_one["plain-50"]) < 0.1
    assert lag_one["residual-50 x 0.1"] > 0.7
    assert lag_one["plain-50"] < lag_one["residual-50"] < lag_one["residual-50 x 0.1"]


@pytest.mark.parametrize("form", ["plain_bn", "plain_bare", "inside", "outside", "inside_bn"])
def test_growth_over_five_seeds_is_recorded_within_3_percent(form):
    one = kept("gradient-growth").finding
    expected = {"plain_bn": 1.195, "plain_bare": 1.0, "inside": 2**0.5, "outside": 1.63,
                "inside_bn": 1.035}  # fmt: skip
    assert one.settings["seeds"] == 5
    assert one.numbers[form] == pytest.approx(expected[form], rel=0.03)


def test_a_recording_comes_back_from_its_file(tmp_path):
    one = kept("zero-means-identity")
    write_recording(tmp_path / "again.json", one)
    again = read_recording(tmp_path / "again.json")
    assert encode(again) == encode(one)
    assert isinstance(again, Recording)
    assert json.loads((tmp_path / "again.json").read_text("utf-8"))["schema_version"] == 1


def test_the_job_keeps_what_it_found_and_a_surface_goes_on_from_there(tmp_path):
    whole, part = tmp_path / "whole", tmp_path / "part"
    whole.mkdir()
    part.mkdir()
    events = list(experiment_job(SURFACE, whole))
    assert [e.key for e in events] == ["progress"] * 6 + ["result"]
    begun = experiment_job(SURFACE, part)
    for _ in range(4):
        next(begun)
    begun.close()
    assert saved_recording(part).finding.progress == pytest.approx(4 / 6)
    assert len(list(experiment_job(SURFACE, part))) == 3  # two lines that were missing, result
    for one, other in zip(
        saved_recording(whole).finding.panels, saved_recording(part).finding.panels, strict=True
    ):
        assert np.array_equal(one.matrix.values, other.matrix.values)


def test_an_experiment_is_a_background_run(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_VIZ_HOME", str(tmp_path))
    config = ExperimentConfig("zero-means-identity", {"steps": 2, "channels": 4})
    run_id = begin_here("experiment", config, "small")
    assert execute(RunStore(), run_id) is JobState.DONE
    assert saved_recording(runs.folder(run_id)).finding.settings["steps"] == 2
    assert runs.events(run_id, ExperimentResult)[0].numbers


def test_nothing_is_found_in_an_empty_or_broken_folder(tmp_path):
    assert saved_recording(tmp_path) is None
    (tmp_path / "finding.json").write_text("{", encoding="utf-8")
    assert saved_recording(tmp_path) is None


def test_every_recording_in_the_repository_is_made_by_the_script():
    assert {path.stem for path in FOLDER.glob("*.json")} == set(RECORDINGS)
    assert (ROOT / "scripts" / "experiment_recordings.py").is_file()
