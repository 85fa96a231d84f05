"""A diagnosis as a job: progress, then the result, with the user's file names."""

import pytest

from resnet_viz.core.errors import CheckpointError, DataError
from resnet_viz.core.places import ASSETS
from resnet_viz.diagnosis.job import DiagnosisConfig, WeightsFile, diagnosis_job
from resnet_viz.records import (
    CheckpointComparison,
    CheckpointReport,
    DiagnosisPart,
    DiagnosisProgress,
)
from tests.checkpoints.hostile_files import DAMAGED


def bundled(name, users_name):
    return WeightsFile(str(ASSETS / "checkpoints" / f"{name}.safetensors"), users_name)


def records(config):
    return list(diagnosis_job(config))


def test_progress_comes_first_and_the_report_last():
    *progress, report = records(DiagnosisConfig(bundled("resnet20", "my net.pth")))
    assert all(isinstance(step, DiagnosisProgress) and step.report is None for step in progress)
    parts = [step.part for step in progress]
    assert parts[:5] == [
        DiagnosisPart.READING, DiagnosisPart.IDENTIFYING, DiagnosisPart.WEIGHTS,
        DiagnosisPart.IMAGES, DiagnosisPart.INPUT,
    ]  # fmt: skip
    assert [step.of_all for step in progress[:5]] == [0.0, 0.2, 0.4, 0.6, 0.8]
    assert isinstance(report, CheckpointReport)
    assert (report.name, report.images) == ("my net.pth", "bundled")


def test_two_checkpoints_are_compared_under_their_users_names():
    first, second = bundled("resnet20", "mine"), bundled("plain20", "yours")
    *progress, compared = records(DiagnosisConfig(first, second))
    assert [step.part for step in progress] == [DiagnosisPart.BESIDE]
    assert isinstance(compared, CheckpointComparison)
    assert (compared.first, compared.second, compared.images) == ("mine", "yours", "bundled")


def test_an_error_calls_the_file_as_its_user_does(tmp_path):
    path = tmp_path / "0123abcd"
    path.write_bytes(DAMAGED["empty"]())
    with pytest.raises(CheckpointError, match=r"holiday\.pth"):
        records(DiagnosisConfig(WeightsFile(str(path), "holiday.pth")))
    with pytest.raises(CheckpointError, match=r"holiday\.pth"):
        records(DiagnosisConfig(bundled("resnet20", "a"), WeightsFile(str(path), "holiday.pth")))


@pytest.mark.parametrize(("users_name", "shown"), [("holiday.zip", "holiday.zip"), ("", "0.zip")])
def test_an_error_calls_the_images_as_their_user_does(tmp_path, users_name, shown):
    path = tmp_path / "0.zip"
    path.write_bytes(b"no ZIP")
    with pytest.raises(DataError) as error:
        records(DiagnosisConfig(bundled("resnet20", "a"), None, str(path), users_name))
    assert error.value.values["name"] == shown
