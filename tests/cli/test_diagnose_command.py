"""``diagnose`` on the command line: progress on a terminal, and each network identified once."""

import json
import sys

import pytest
import torch
from typer.testing import CliRunner

from resnet_viz import NetworkSpec
from resnet_viz.cli import app, diagnose_command
from resnet_viz.core.text import LANGUAGES, Text
from resnet_viz.diagnosis import diagnose as diagnosing
from resnet_viz.records import DiagnosisPart, DiagnosisProgress
from tests.checkpoints.identifying.test_wild import weights

SMALL = NetworkSpec(depths=(1, 1), widths=(4, 8))


@pytest.fixture
def file(tmp_path):
    torch.save(weights(SMALL).state_dict(), tmp_path / "w.pt")
    return tmp_path / "w.pt"


def test_stress_and_a_second_file_identify_each_network_once(file, monkeypatch):
    asked = []
    real = diagnosing.identify

    def counted(*given):
        asked.append(given[1])
        return real(*given)

    monkeypatch.setattr(diagnosing, "identify", counted)
    words = ["diagnose", str(file), "--beside", str(file), "--stress", "--json"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert asked == ["w.pt", "w.pt"]
    assert result["second"]["identified"] == result["identified"]
    assert result["code"] == result["second"]["code"]
    assert {"stress", "beside"} <= result.keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_shows_what_is_being_done(terminal, language, file, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    steps = [DiagnosisProgress(part, 0.5) for part in DiagnosisPart if part != "done"]
    last = [*diagnosing.diagnosis(file)][-1]
    text = Text(language)
    assert diagnose_command._followed(iter([*steps, last]), text) is last.report
    shown = capsys.readouterr().err
    for step in steps:
        assert (text(f"diagnosis_parts.{step.part}") in shown) is terminal
    assert shown.endswith("\x1b[K") is terminal
