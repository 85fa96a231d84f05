"""Jobs in a process of their own: records cross as records, and no process outlives its limits."""

import json
import time

import pytest

from resnet_viz.core.converter import encode
from resnet_viz.core.errors import CheckpointError
from resnet_viz.core.places import ASSETS
from resnet_viz.diagnosis.job import DiagnosisConfig, WeightsFile, diagnosis_job
from resnet_viz.jobs import sandbox
from resnet_viz.jobs.job import Job, JobState
from resnet_viz.jobs.sandbox import Limits, Sandbox
from resnet_viz.jobs.threads import ThreadEngine
from resnet_viz.records import CheckpointReport, DiagnosisPart, DiagnosisProgress

RESNET20 = DiagnosisConfig(
    WeightsFile(str(ASSETS / "checkpoints" / "resnet20.safetensors"), "mine.safetensors")
)
DEATH = CheckpointError("checkpoint_worker", name="mine.safetensors")


class Output:
    """A process that says these lines, and then dies."""

    def __init__(self, *lines):
        self.stdout, self.killed = iter(lines), False

    def kill(self):
        self.killed = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


@pytest.fixture
def says(monkeypatch):
    """What the process says instead of doing a job."""

    def say(*lines):
        monkeypatch.setattr(sandbox, "_started", lambda *_: Output(*lines))
        return list(Sandbox("diagnosis", DEATH).records(RESNET20))

    return say


def test_records_cross_as_records():
    records = list(Sandbox("diagnosis", DEATH).records(RESNET20))
    assert [type(record) for record in records[:-1]] == [DiagnosisProgress] * (len(records) - 1)
    assert records[0] == DiagnosisProgress(DiagnosisPart.READING, 0)
    report = records[-1]
    assert isinstance(report, CheckpointReport)
    assert report.name == "mine.safetensors"
    assert report.identified.depth == 20


@pytest.mark.parametrize("limits", [Limits(memory=1_000_000_000), Limits(seconds=0.3)])
def test_a_process_that_reaches_a_limit_gives_the_sentence_of_its_death(limits):
    with pytest.raises(CheckpointError, match="limit of memory or time") as death:
        list(Sandbox("diagnosis", DEATH, limits).records(RESNET20))
    assert death.value.values["name"] == "mine.safetensors"


def test_stopping_the_job_kills_its_process():
    process = Sandbox("diagnosis", DEATH)
    engine = ThreadEngine("test", threads=1)
    running = engine.start(Job("a", lambda: process.records(RESNET20), cancel=process.kill))
    while not running.poll().records:
        assert not running.wait(0.01)
    running.stop()
    assert running.wait(10)
    assert running.poll().state is JobState.STOPPED
    assert running.poll().error is None
    assert process._process.returncode not in (None, 0)


def test_a_process_killed_before_it_starts_does_nothing():
    process, started = Sandbox("diagnosis", DEATH), time.monotonic()
    process.kill()
    with pytest.raises(CheckpointError, match="limit of memory or time"):
        list(process.records(RESNET20))
    assert time.monotonic() - started < 5


def test_an_error_of_the_job_keeps_its_type_code_and_values(says):
    line = {"error": "CheckpointError", "code": "checkpoint_damaged", "values": {"name": "a.pth"}}
    with pytest.raises(CheckpointError, match=r'"a\.pth" is damaged'):
        says(json.dumps(line))


@pytest.mark.parametrize(
    "output",
    [
        (),
        ("warnings of a library\n",),
        ('{"event": "DiagnosisProgress", "part": "reading", "share": 0.5}',),
        ('{"event": "DiagnosisProgress", "part": "lunch", "share": 0.5}',),
        ('{"event": "Popen"}', '{"end": true}'),
        ('{"event": "CheckpointReport", "name": 7}', '{"end": true}'),
        ('{"error": "SystemExit", "code": "0", "values": {}}',),
        ("{not JSON",),
        ("{}",),
    ],
)  # fmt: skip
def test_output_without_an_answer_is_the_death_of_the_process(says, output):
    with pytest.raises(CheckpointError, match="limit of memory or time"):
        says(*output)


def test_what_is_no_record_is_passed_over(says):
    progress = '{"event": "DiagnosisProgress", "part": "reading", "share": 0.5}'
    assert says("noise", progress, '{"end": true}') == [
        DiagnosisProgress(DiagnosisPart.READING, 0.5)
    ]


def test_the_job_is_the_same_without_a_process():
    here = list(diagnosis_job(RESNET20))
    output = sandbox.lines("diagnosis", json.dumps(encode(RESNET20)))
    lines = [json.loads(line) for line in output]
    assert [line["event"] for line in lines[:-1]] == [type(record).__name__ for record in here]
    assert lines[-1] == {"end": True}
