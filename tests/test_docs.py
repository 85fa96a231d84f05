"""Documentation is true: examples run, tables come from recordings, links lead somewhere."""

import contextlib
import doctest
import io
import re

import pytest

import resnet_viz
from resnet_viz.cli import app
from resnet_viz.core.text import sentences
from scripts import recordings
from tests.source import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks/README.md"])
EXAMPLES = [
    pytest.param(page, block, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, block in enumerate(
        re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.S)
    )
]


def commands() -> set[str]:
    return {command.name or command.callback.__name__ for command in app.registered_commands}


@pytest.mark.parametrize(("page", "block"), EXAMPLES)
def test_examples_run(page, block, monkeypatch):
    monkeypatch.chdir(ROOT)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(block, str(page), "exec"), {})
    expected = re.findall(rf"{re.escape(block)}```\n\n((?:    .*\n)+)", page.read_text("utf-8"))
    for line in "".join(expected).splitlines():
        assert line.strip() in printed.getvalue()


def test_docstring_example_of_the_package_runs():
    assert doctest.testmod(resnet_viz).attempted > 0
    assert doctest.testmod(resnet_viz).failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_recorded_tables_are_those_of_the_files():
    for page in recordings.PAGES:
        assert recordings.recorded(page) == page.read_text("utf-8")


def test_troubleshooting_quotes_real_sentences():
    page = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    known = " ".join(
        re.sub(r"\{\w+\}", "...", s).replace('"', "") for s in sentences("en").values()
    )
    for heading in re.findall(r'^## "(.*)"$', page, re.M):
        parts = [p.strip(" :") for p in re.split(r"\.\.\.|float64|float32| N | M ", heading)]
        for part in filter(lambda p: len(p) > 12, parts):
            assert part in known, part


def test_every_public_name_is_documented():
    for name in resnet_viz.__all__:
        assert getattr(resnet_viz, name).__doc__, name


def test_every_command_is_documented():
    text = "".join(page.read_text("utf-8") for page in PAGES)
    for command in commands():
        assert re.search(rf"resnet.viz`? {command}|`{command}`", text), command


def test_every_command_has_a_file_of_its_name():
    files = (ROOT / "resnet_viz" / "cli").glob("*_command.py")
    assert commands() == {path.stem.removesuffix("_command") for path in files}
