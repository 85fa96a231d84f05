"""A gate for CI: rules of the project, a baseline, exit codes, and formats for programs."""

import json

import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from resnet_viz import diagnose
from resnet_viz.cli import app
from resnet_viz.core.errors import OptionError
from resnet_viz.core.text import Text
from resnet_viz.diagnosis.checkpoint_gate import Rules, judged, read_baseline, write_baseline
from resnet_viz.diagnosis.project_rules import project_rules
from resnet_viz.diagnosis.thresholds import Threshold
from resnet_viz.records import CheckFinding, FailOn, Severity
from resnet_viz.report.github_annotations import annotation, annotations

HOSTILE = "a,b:c%\r\n::error::pwned"


def heavy(generator):
    """Convolution weights with the long tails of trained ones."""
    return torch.randn(10, 10, 3, 3, generator=generator) ** 3


def tensors(sick=True):
    """Weights of no known network, which are checked in milliseconds; two layers are sick."""
    generator = torch.Generator().manual_seed(0)
    found = {f"layer.{i}.weight": heavy(generator) for i in range(9)}
    if sick:
        found["layer.3.weight"][0, 0] = torch.nan
        found["layer.5.weight"][:4] = 0
    return found


@pytest.fixture(scope="module")
def report():
    return diagnose(tensors())


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(tensors(), tmp_path / "sick.pt")
    torch.save(tensors(sick=False), tmp_path / "well.pt")
    return tmp_path


def run(*words):
    return CliRunner().invoke(app, ["diagnose", *map(str, words)])


def bad(report):
    return [f for f in report.findings if f.severity in (Severity.FAIL, Severity.WARN)]


def test_the_gate_closes_at_the_asked_severity(report):
    severities = [finding.severity for finding in bad(report)]
    assert {Severity.FAIL, Severity.WARN} == set(severities)
    for fail_on, expected in (
        (FailOn.NEVER, 0),
        (FailOn.FAIL, severities.count(Severity.FAIL)),
        (FailOn.WARN, len(severities)),
    ):
        _, gate = judged(report, Rules(fail_on))
        assert (len(gate.new), gate.closed) == (expected, expected > 0)


def test_limits_of_the_project_grade_what_was_measured(report):
    (dead,) = [f for f in bad(report) if f.check == "dead_filters"]
    strict = {"dead_filters": Threshold(0.1, 0.2)}
    loose = {"dead_filters": Threshold(None, None)}
    for limits, severity in ((strict, Severity.FAIL), (loose, Severity.OK)):
        changed, _ = judged(report, Rules(thresholds=limits))
        (found,) = [f for f in changed.findings if f.layer == dead.layer and f.check == dead.check]
        assert found.severity is severity


@pytest.mark.parametrize(
    ("pattern", "gone"), [("not_finite", True), ("not_*:3", True), ("not_finite:fc", False)]
)
def test_silenced_checks_are_left_out(pattern, gone, report):
    changed, gate = judged(report, Rules(FailOn.FAIL, silence=(pattern,)))
    assert ("not_finite" not in [f.check for f in changed.findings]) is gone
    assert gate.silenced == gone


def test_only_new_findings_count(report, tmp_path):
    path = tmp_path / "known.json"
    assert write_baseline(path, report.findings) == len(bad(report))
    _, gate = judged(report, Rules(FailOn.WARN), read_baseline(path))
    assert not gate.closed
    assert len(gate.known) == len(bad(report))
    milder = dict.fromkeys(read_baseline(path), Severity.WARN)
    _, gate = judged(report, Rules(FailOn.WARN), milder)
    assert {f.severity for f in gate.new} == {Severity.FAIL}  # it has become worse


SETTINGS = {
    "fail-onn = 'warn'": 'no setting "fail-onn"; known are fail-on',
    "fail-on = 'ok'": "\"fail-on\" .* cannot be 'ok'; allowed is fail, warn, never",
    "silence = ['dead_filter']": '"dead_filter" matches no check',
    "silence = 'dead_filters'": '"silence" .* cannot be',
    "thresholds = { dead_filter = { warn = 1 } }": "known are dead_filters",
    "thresholds = { dead_filters = { warm = 1 } }": "known are warn",
    "thresholds = { dead_filters = { warn = true } }": "cannot be True; allowed is NUMBER, false",
    "baseline = 3": '"baseline" .* cannot be 3',
    "nonsense": "not valid TOML",
}


@pytest.mark.parametrize("line", SETTINGS)
def test_a_wrong_setting_is_one_sentence(line, tmp_path):
    (tmp_path / "pyproject.toml").write_text(f"[tool.resnet_viz.diagnose]\n{line}\n")
    with pytest.raises(OptionError, match=SETTINGS[line]):
        project_rules(tmp_path)


def test_settings_are_found_upward_in_the_nearest_file_that_has_them(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert project_rules(inner).rules == Rules()
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    (tmp_path / "pyproject.toml").write_text(
        "[tool.resnet_viz.diagnose]\nfail-on = 'warn'\nbaseline = 'known.json'\n"
        "silence = ['dead_*:layer1.*']\nthresholds = {dead_filters = {warn = 0.5, fail = false}}\n"
    )
    found = project_rules(inner)
    assert found.baseline == tmp_path / "known.json"
    limits = {"dead_filters": Threshold(0.5, None)}
    assert found.rules == Rules(FailOn.WARN, ("dead_*:layer1.*",), limits)


def test_exit_codes_of_the_command(project):
    assert run("sick.pt").exit_code == 0
    closed = run("sick.pt", "--fail-on", "fail")
    assert closed.exit_code == 3
    assert closed.stderr.startswith("Refused: 1 new findings")
    assert "not_finite 3" in closed.stderr
    assert run("well.pt", "--fail-on", "warn").exit_code == 0
    assert run("absent.pt", "--fail-on", "fail").exit_code == 2
    assert run("sick.pt", "--fail-on", "bad").exit_code == 2
    assert run("sick.pt", "--write-baseline").exit_code == 2
    assert run("sick.pt", "--baseline", "absent.json").exit_code == 2
    written = run("sick.pt", "--baseline", "known.json", "--write-baseline", "--fail-on", "warn")
    assert written.exit_code == 0
    assert run("sick.pt", "--baseline", "known.json", "--fail-on", "warn").exit_code == 0
    (project / "pyproject.toml").write_text("[tool.resnet_viz.diagnose]\nfail-on = 'fail'\n")
    assert run("sick.pt").exit_code == 3
    assert run("sick.pt", "--fail-on", "never").exit_code == 0


def test_json_is_whole_also_for_a_closed_gate_and_a_refusal(project):
    closed = run("sick.pt", "--fail-on", "fail", "--json")
    found = json.loads(closed.stdout)
    assert closed.exit_code == 3
    assert found["gate"]["closed"]
    assert found["gate"]["new"] == [{"check": "not_finite", "severity": "fail", "layer": "3"}]
    assert len(found["layers"]) == 9
    assert found["identified"]["total"] == 9
    refused = run("absent.pt", "--json")
    assert refused.exit_code == 2
    error = json.loads(refused.stdout)["error"]
    assert error == {
        "code": "checkpoint_missing", "message": refused.stderr.strip(), "exit_code": 2
    }  # fmt: skip


def test_layers_are_a_frame_and_a_file(report, project):
    frame = report.layers_frame()
    assert list(frame["name"]) == [layer.name for layer in report.layers]
    done = run("sick.pt", "--layers-csv", "layers.csv")
    assert done.exit_code == 0, done.stderr
    pd.testing.assert_frame_equal(
        pd.read_csv(project / "layers.csv", dtype={"name": frame["name"].dtype}),
        frame,
        check_dtype=False,
        check_exact=False,
    )
    assert run("sick.pt", "--layers-csv", "layers.csv").exit_code == 2


def test_a_name_of_a_file_is_no_formula_of_a_spreadsheet(project):
    renamed = {k.replace("layer", "=cmd('x')"): v for k, v in tensors().items()}
    torch.save({**renamed, "@other.weight": heavy(torch.Generator())}, "formula.pt")
    assert run("formula.pt", "--layers-csv", "layers.csv").exit_code == 0
    text = (project / "layers.csv").read_text("utf-8")
    assert "'=cmd('x').3," in text
    assert not [line for line in text.splitlines() if line.startswith(("=", "@"))]


def test_annotations_of_github(project):
    done = run("sick.pt", "--format", "github", "--fail-on", "fail")
    assert done.exit_code == 3
    lines = done.stdout.splitlines()
    assert lines[0].startswith("::error file=sick.pt,title=NaN or infinity (3)::")
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in lines)
    run("sick.pt", "--baseline", "known.json", "--write-baseline")
    known = run("sick.pt", "--format", "github", "--baseline", "known.json")
    assert "::error" not in known.stdout
    refused = run("absent.pt", "--format", "github")
    assert refused.stdout.startswith("::error file=absent.pt,title=checkpoint_missing::")


def test_hostile_text_begins_no_command_of_its_own():
    finding = CheckFinding("not_finite", Severity.FAIL, HOSTILE, 1.0, 0.0, (("value", HOSTILE),
                           ("layer", HOSTILE)))  # fmt: skip
    (line,) = annotations([finding], HOSTILE, Text("en"))
    assert line.count("\n") == line.count("\r") == 0
    assert line.count("::") >= 2
    head = line.removeprefix("::error ").partition("::")[0]
    assert head.count(",") == 1
    assert annotation("error", "f", "t", "100%\n::x") == "::error file=f,title=t::100%25%0A::x"
