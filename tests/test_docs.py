"""Documentation is correct: examples run, tables match recordings, links resolve."""

import contextlib
import doctest
import io
import re
import shlex
import sys
import tomllib
from dataclasses import replace

import pdoc
import pytest

import resnet_viz
from resnet_viz.__main__ import main
from resnet_viz.cli import app
from resnet_viz.core.text import sentences
from resnet_viz.training.recipe import RECIPES
from scripts import recordings
from tests.source import ROOT

TUTORIAL = ROOT / "docs" / "tutorial.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks/README.md"])
EXAMPLES = [
    pytest.param(page, block, id=f"{page.stem}-{number}")
    for page in PAGES
    if page != TUTORIAL  # its blocks build on each other
    for number, block in enumerate(
        re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.S)
    )
]


def commands() -> set[str]:
    return {command.name or command.callback.__name__ for command in app.registered_commands}


@pytest.mark.parametrize(("page", "block"), EXAMPLES)
def test_examples_run(page, block, monkeypatch):
    monkeypatch.chdir(ROOT)
    run_block(page, block, {})


def run_block(page, block, names):
    """Run a block; every line that the page shows below it must be printed."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(block, str(page), "exec"), names)
    expected = re.findall(rf"{re.escape(block)}```\n\n((?:    .*\n)+)", page.read_text("utf-8"))
    for line in "".join(expected).splitlines():
        assert line.strip() in printed.getvalue()


def test_tutorial_runs_from_top_to_bottom(tmp_path, monkeypatch, capsys):
    """In a folder with the assets; training for one epoch on few images."""
    (tmp_path / "assets").symlink_to(ROOT / "assets")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RESNET_VIZ_HOME", str(tmp_path))
    few = replace(RECIPES["class-demo"], images=256, test_images=100)
    monkeypatch.setitem(RECIPES, "class-demo", few)
    names = {}
    blocks = re.findall(r"```(python|sh)\n(.*?)```", TUTORIAL.read_text("utf-8"), re.S)
    assert {language for language, _ in blocks} == {"python", "sh"}
    for language, block in blocks:
        if language == "python":
            run_block(TUTORIAL, block, names)
            continue
        python, dash_m, program, *arguments = shlex.split(block.replace("--epochs 2", "--epochs 1"))
        assert (python, dash_m, program) == ("python", "-m", "resnet_viz")
        monkeypatch.setattr(sys, "argv", [program, *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        assert not end.value.code, printed.err
    assert "fresh_layer" in printed.out
    assert (tmp_path / "compared" / "report.html").is_file()


def test_docstring_example_of_the_package_runs():
    assert doctest.testmod(resnet_viz).attempted > 0
    assert doctest.testmod(resnet_viz).failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target, heading in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", page.read_text("utf-8")):
        if "://" in target:
            continue
        linked = page.parent / target if target else page
        assert linked.exists(), target
        if heading:
            assert heading in headings(linked), (target, heading)


def headings(page):
    """Anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


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


def test_every_public_name_has_its_heading_in_the_reference():
    assert all(hasattr(resnet_viz, name) for name in resnet_viz.__all__)  # found when asked for
    page = pdoc.doc.Module(resnet_viz)
    assert set(resnet_viz.__all__) <= page.members.keys()
    pdoc.render.configure(docformat="numpy", show_source=False)
    html = pdoc.render.html_module(page, all_modules={"resnet_viz": page})
    for name in resnet_viz.__all__:
        assert getattr(resnet_viz, name).__doc__, name
        assert f'<section id="{name}"' in html, name


def test_no_document_imports_a_deep_module():
    """People copy from documents; what they need is exported at the top."""
    deep = re.compile(r"^\s*(?:from|import) resnet_viz\.", re.M)
    assert not [page.name for page in PAGES if deep.search(page.read_text("utf-8"))]
    printing = [
        *(ROOT / "resnet_viz/report").rglob("*.py"),
        *(ROOT / "resnet_viz/ui").rglob("*.py"),
    ]
    quoted = re.compile(r"[\"'](?:from|import) resnet_viz\.")
    assert not [file.name for file in printing if quoted.search(file.read_text("utf-8"))]


def test_every_documentation_page_is_reached_from_the_index():
    index = ROOT / "docs" / "README.md"
    linked = {
        (index.parent / target).resolve()
        for target in re.findall(r"\]\(([^)#]+)\)", index.read_text("utf-8"))
    }
    assert {page for page in PAGES if (ROOT / "docs") in page.parents} - {index} <= linked


def test_every_command_is_documented():
    text = "".join(page.read_text("utf-8") for page in PAGES)
    for command in commands():
        assert re.search(rf"resnet.viz`? {command}|`{command}`", text), command


def test_every_command_has_a_file_of_its_name():
    files = (ROOT / "resnet_viz" / "cli").glob("*_command.py")
    assert commands() == {path.stem.removesuffix("_command") for path in files}


def test_changelog_project_and_reports_name_the_same_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.findall(r"^## \[(\d+\.\d+\.\d+)\]", changelog, re.M)[0] == project
    report = (ROOT / "resnet_viz" / "report" / "html_document.py").read_text("utf-8")
    assert f'get("resnet_viz", "{project}")' in report  # for a library that is not installed
