"""Import rules beyond the contracts in pyproject.toml, and the page that documents them.

`lint-imports`, in `make check`, holds the order of the layers itself.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections import Counter

import pytest

import resnet_viz
from tests.source import PACKAGE, ROOT, tree

CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
}
LAYERS = CONTRACTS["layers"]["layers"]
ARCHITECTURE = (ROOT / "docs" / "explanation" / "architecture.md").read_text("utf-8")
FILES = sorted(PACKAGE.rglob("*.py"))

#: One idea, many places: what a job computes, and the parts of a page.
SHARED_NAMES = {"__init__", "job", "page", "form"}


def section(title: str) -> str:
    return ARCHITECTURE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_architecture_page_draws_the_layers_of_the_contract():
    assert re.findall(r"^\d+\. `(\w+)`$", section("Layers"), re.M) == LAYERS


def test_folder_map_lists_the_folders_of_the_package_from_the_lowest_layer_up():
    drawn = re.findall(r"^ {6}(\w+)/ ", section("Folder map"), re.M)
    assert drawn == LAYERS[::-1]


def test_folder_map_lists_the_folders_of_the_project():
    drawn = set(re.findall(r"^ {4}(\w+)/ ", section("Folder map"), re.M))
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    folders = {name.partition("/")[0] for name in tracked if "/" in name and name[0] != "."}
    assert drawn | {"pages", "resnet_viz"} == folders


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
        for path in FILES
        if dangerous in path.read_text(encoding="utf-8")
    }
    users -= {"report/checkpoint_code.py"}  # prints code that reads the user's own file
    assert users == (set() if owner is None else {owner})


def test_importing_the_library_loads_no_heavy_package():
    """And training many pairs, which a bare machine with a GPU does, needs few."""
    code = (
        "import sys, resnet_viz;"
        "heavy = ('torch', 'torchvision', 'numpy', 'pandas', 'plotly', 'captum', 'streamlit');"
        "print([name for name in heavy if name in sys.modules]);"
        "import resnet_viz.cli.train_all_twins;"
        "heavy = ('torchvision', 'pandas', 'plotly', 'captum', 'streamlit', 'scipy', 'sklearn',"
        "         'filelock', 'jinja2', 'platformdirs');"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:2] == ["[]", "[]"]


def test_public_names_are_those_that_editors_see():
    (block,) = (n for n in tree(PACKAGE / "__init__.py").body if isinstance(n, ast.If))
    seen = {a.name: n.module for n in block.body for a in n.names}
    assert seen == {name: f"resnet_viz.{home}" for name, home in resnet_viz._HOMES.items()}
    assert list(seen) == [a.asname for n in block.body for a in n.names]
    assert resnet_viz.__all__ == sorted(seen)
    with pytest.raises(AttributeError, match="no attribute 'analyse'"):
        resnet_viz.analyse  # noqa: B018


def test_no_two_files_have_the_same_name():
    names = Counter(path.stem for path in FILES)
    assert {name for name, count in names.items() if count > 1} <= SHARED_NAMES


def test_pages_are_thin():
    for page in [ROOT / "app.py", *(ROOT / "pages").glob("*.py")]:
        assert len(page.read_text(encoding="utf-8").splitlines()) < 40


def test_no_python_file_is_longer_than_300_lines():
    assert not [path for path in FILES if len(path.read_text("utf-8").splitlines()) > 300]
