"""Results for people: styled in a terminal, plain in a pipe, complete in both."""

import io
import os
import subprocess
import sys

import pytest
from rich.console import Console

from resnet_viz.cli.readable import print_line, print_readable
from tests.source import ROOT

ROWS = [
    {"name": "resnet20", "depth": 20, "share": 0.123456, "shape": [3, 32, 32]},
    {"name": "[bold]plain[/bold] :smile:", "depth": 1202, "share": None, "shape": []},
]


def printed(value, **terminal):
    file = io.StringIO()
    print_readable(value, Console(file=file, highlight=False, **terminal))
    return file.getvalue()


def words(line):
    return line.split()


def test_a_pipe_gets_one_plain_line_per_row():
    lines = printed(ROWS).splitlines()
    assert words(lines[0]) == ["name", "depth", "share", "shape"]
    assert words(lines[1]) == ["resnet20", "20", "0.1235", "3x32x32"]
    assert words(lines[2]) == ["[bold]plain[/bold]", ":smile:", "1202", "-", "-"]
    assert len(lines) == 3


def test_a_long_cell_stays_on_its_line_in_a_pipe():
    advice = "try a smaller learning rate " * 40
    assert advice.strip() in printed([{"check": "loss", "advice": advice}])
    assert printed({"advice": advice}).count("\n") == 1


def test_nested_values_are_indented():
    value = {"identified": {"depth": 20, "widths": [16, 32]}, "findings": [], "rows": ROWS[:1]}
    lines = [line.rstrip() for line in printed(value).splitlines()]
    assert lines[:4] == ["identified:", "  depth: 20", "  widths:", "    16x32"]
    assert lines[4:6] == ["findings: -", "rows:"]
    assert lines[6].startswith("  name") and lines[7].startswith("  resnet20")  # noqa: PT018


def test_words_are_listed_and_numbers_are_a_shape():
    shown = printed({"files": {"files": ["a.json", "b.csv"]}, "shape": {"shape": [3, 32]}})
    assert "a.json, b.csv" in shown
    assert "3x32" in shown


def test_a_row_of_a_growing_result_is_one_line():
    file = io.StringIO()
    print_line({"epoch": 1, "kind": "[plain]", "test_error": 0.5}, Console(file=file))
    assert file.getvalue() == "epoch 1  kind [plain]  test_error 0.5\n"


def test_a_terminal_gets_styles_and_cells_within_its_width():
    advice = "try a smaller learning rate " * 10
    text = printed([{"check": "loss", "advice": advice}], force_terminal=True, width=60)
    assert "\x1b[" in text
    assert words(" ".join(text.split("│"))).count("smaller") == 10
    plain = printed([{"check": "loss", "advice": advice}], force_terminal=True, width=60,
                    no_color=True, legacy_windows=False)  # fmt: skip
    assert max(len(line.replace("\x1b[1m", "").replace("\x1b[0m", ""))
               for line in plain.splitlines()) <= 60  # fmt: skip


def listing(stdout):
    command = [sys.executable, "-m", "resnet_viz", "networks"]
    environment = {**os.environ, "TERM": "xterm-256color"}
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        environment.pop(name, None)
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=stdout
    )


def test_the_command_writes_no_control_sequences_into_a_pipe():
    output, _ = listing(subprocess.PIPE).communicate()
    assert b"\x1b" not in output
    assert b"resnet1202" in output


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals here")
def test_the_command_styles_its_table_in_a_terminal():
    reader, writer = os.openpty()
    running = listing(writer)
    os.close(writer)
    output = b""
    while chunk := _read(reader):
        output += chunk
    os.close(reader)
    assert running.wait() == 0
    assert b"\x1b[" in output
    assert b"resnet1202" in output


def _read(terminal):
    try:
        return os.read(terminal, 4096)
    except OSError:  # how Linux says that the other end is closed
        return b""
