"""Jobs in a process of their own: records cross as records, and no process outlives its limits."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from resnet_viz.core.converter import encode
from resnet_viz.core.errors import CheckpointError, WorkerError
from resnet_viz.core.places import ASSETS
from resnet_viz.diagnosis.job import DiagnosisConfig, WeightsFile, diagnosis_job
from resnet_viz.jobs import kinds, sandbox, sandboxed
from resnet_viz.jobs.job import Job, JobState, JobStopped
from resnet_viz.jobs.sandbox import Limits, Sandbox
from resnet_viz.jobs.threads import ThreadEngine
from resnet_viz.records import CheckpointReport, DiagnosisPart, DiagnosisProgress
from tests.jobs.rough_jobs import ROUGH, Rough
from tests.source import ROOT

RESNET20 = DiagnosisConfig(
    WeightsFile(str(ASSETS / "checkpoints" / "resnet20.safetensors"), "mine.safetensors")
)


class Output:
    """A process that says these lines, and then dies."""

    def __init__(self, *lines):
        self.stdout, self.killed = iter(lines), False

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
def says(monkeypatch):
    """What the process says instead of doing a job."""

    def say(*lines):
        monkeypatch.setattr(sandbox, "_started", lambda *_: Output(*lines))
        return list(Sandbox("diagnosis", "mine.safetensors").records(RESNET20))

    return say


def test_records_cross_as_records():
    records = list(Sandbox("diagnosis", "mine.safetensors").records(RESNET20))
    assert [type(record) for record in records[:-1]] == [DiagnosisProgress] * (len(records) - 1)
    assert records[0] == DiagnosisProgress(DiagnosisPart.READING, 0)
    report = records[-1]
    assert isinstance(report, CheckpointReport)
    assert report.name == "mine.safetensors"
    assert report.identified.depth == 20


@pytest.fixture
def rough(monkeypatch):
    """Runs a job of ``rough_jobs`` in a process, which needs no torch."""
    command = [sys.executable, "-c", "from tests.jobs.rough_jobs import main; main()"]
    monkeypatch.setattr(sandbox, "_COMMAND", command)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def run(what, **limits):
        sandboxed_jobs = {**kinds.SANDBOXED, "rough": ROUGH}
        monkeypatch.setattr(kinds, "SANDBOXED", sandboxed_jobs)
        limits = Limits(**{"memory": 200_000_000, "cpu_seconds": 20, "seconds": 20.0, **limits})
        return Sandbox("rough", "mine.pth", limits).records(Rough(what))

    return run


@pytest.mark.parametrize(
    ("what", "limits", "sentence"),
    [
        ("grows", {}, r'"mine\.pth" needed more than the 0\.2 GB of memory'),
        ("sleeps", {"seconds": 0.7}, r"longer than the 0\.7 seconds"),
        ("holds the lock", {"seconds": 0.7}, r"longer than the 0\.7 seconds"),
        ("holds the lock", {"cpu_seconds": 1}, r"longer than the 20 seconds"),
        ("crashes", {}, r"crashed \(SIGSEGV\)"),
        ("is killed", {}, "The system ended the process"),
        ("divides by zero", {}, r"failed unexpectedly \(ZeroDivisionError\)"),
        ("exits", {}, r"failed unexpectedly \(exit code 3\)"),
    ],
)
def test_what_ended_a_process_is_one_sentence(rough, what, limits, sentence):
    with pytest.raises(WorkerError, match=sentence):
        list(rough(what, **limits))


@pytest.mark.parametrize("what", ["sleeps", "holds the lock"])
def test_a_process_ends_with_the_one_that_started_it(rough, what, tmp_path):
    record = next(rough("says who it is"))
    assert record.number > 0
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.rough_jobs", what], cwd=ROOT, stdout=subprocess.PIPE
    )
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(child)


def alive(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_stopping_the_job_kills_its_process(rough):
    engine = ThreadEngine("test", threads=1)
    process = Sandbox("rough", "mine.pth")
    rough("sleeps")  # the kind is known
    job = Job("a", lambda: process.records(Rough("tells and sleeps")), cancel=process.kill)
    running = engine.start(job)
    while not running.poll().records:
        assert not running.wait(0.01)
    running.stop()
    assert running.wait(10)
    assert running.poll().state is JobState.STOPPED
    assert running.poll().error is None
    assert process._process.returncode not in (None, 0)


def test_a_process_killed_before_it_starts_does_nothing():
    process, started = Sandbox("diagnosis", "mine.safetensors"), time.monotonic()
    process.kill()
    with pytest.raises(JobStopped):
        list(process.records(RESNET20))
    assert time.monotonic() - started < 5


def test_a_process_that_cannot_be_started_is_one_sentence(monkeypatch):
    monkeypatch.setattr(sandbox, "_COMMAND", ["/no/such/program"])
    with pytest.raises(WorkerError, match="No process could be started"):
        list(Sandbox("diagnosis", "mine.safetensors").records(RESNET20))


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
    with pytest.raises(WorkerError, match=r'"mine\.safetensors" failed unexpectedly'):
        says(*output)


def test_what_is_no_record_is_passed_over(says):
    progress = '{"event": "DiagnosisProgress", "part": "reading", "share": 0.5}'
    assert says("noise", progress, '{"end": true}') == [
        DiagnosisProgress(DiagnosisPart.READING, 0.5)
    ]


def test_the_job_is_the_same_without_a_process():
    here = list(diagnosis_job(RESNET20))
    output = sandboxed.lines("diagnosis", json.dumps(encode(RESNET20)))
    lines = [json.loads(line) for line in output]
    assert [line["event"] for line in lines[:-1]] == [type(record).__name__ for record in here]
    assert lines[-1] == {"end": True}
