"""Imports go down only: the floors of docs/architecture.md, read from the source."""

import subprocess
import sys

import pytest

from tests.source import PACKAGE, ROOT, imports, modules

FLOORS = {
    "places": 0, "text": 0, "errors": 0, "spec": 0, "resample": 0, "saving": 0, "pictures": 0,
    "records": 0,
    "samples": 1, "images": 1, "networks": 1, "downloads": 1, "devices": 1,
    "figures": 2, "probe": 2, "checkpoints": 2, "training": 2, "comparison": 2,
    "diagnosis": 2,
    "experiments": 2,
    "report": 3, "runs": 3, "gallery": 3,
    "ui": 4,
    "cli": 5, "doctor": 5, "launch": 5, "__main__": 5,
}  # fmt: skip
MODULES = modules()
INSIDE = [name for name in MODULES if name.startswith("resnet_viz.")]


def part(module: str) -> str:
    return module.split(".")[1]


def test_every_module_stands_on_a_floor():
    assert {part(name) for name in INSIDE} == set(FLOORS)


@pytest.mark.parametrize("module", INSIDE)
def test_imports_go_down_only(module):
    own = [name for name in imports(MODULES[module]) if name.startswith("resnet_viz.")]
    higher = [name for name in own if FLOORS[part(name)] > FLOORS[part(module)]]
    assert not higher


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("streamlit", {"ui"}),
        ("plotly", {"figures", "report", "ui"}),
        ("typer", {"cli"}),
        ("sqlite3", {"runs"}),
    ],
)
def test_heavy_packages_stay_on_their_floor(package, allowed):
    users = {
        part(m) for m in INSIDE if any(n.split(".")[0] == package for n in imports(MODULES[m]))
    }
    assert users <= allowed


@pytest.mark.parametrize("folder", ["figures", "records", "pictures", "saving", "spec", "errors"])
def test_no_torch_where_only_arrays_are_needed(folder):
    users = [m for m in INSIDE if part(m) == folder and "torch" in imports(MODULES[m])]
    assert not users


def test_figures_know_only_records_and_words():
    allowed = {"figures", "records", "spec", "errors", "text", "resample"}
    seen = {part(n) for m in INSIDE if part(m) == "figures" for n in imports(MODULES[m])
            if n.startswith("resnet_viz.")}  # fmt: skip
    assert seen <= allowed


@pytest.mark.parametrize(
    ("dangerous", "owner"),
    [
        ("register_forward_hook", "probe/capture.py"),
        ("torch.load(", "checkpoints/reading/read.py"),
        ("unsafe_allow_html", None),
        ("extractall", None),
        ("use_container_width", None),
    ],
)
def test_each_dangerous_thing_has_one_owner(dangerous, owner):
    users = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if dangerous in path.read_text(encoding="utf-8")
    }
    assert users == (set() if owner is None else {owner})


def test_importing_the_library_loads_neither_browser_nor_plots():
    code = (
        "import sys, resnet_viz;"
        "print([m for m in ('streamlit', 'plotly', 'captum') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_pages_are_thin():
    for page in [ROOT / "app.py", *(ROOT / "pages").glob("*.py")]:
        assert len(page.read_text(encoding="utf-8").splitlines()) < 80


def test_no_python_file_is_longer_than_300_lines():
    long = [p for p in PACKAGE.rglob("*.py") if len(p.read_text("utf-8").splitlines()) > 300]
    assert not long
