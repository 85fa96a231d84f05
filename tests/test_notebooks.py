"""Notebooks run from top to bottom and import only public names.

They are stored without outputs. Cells of other libraries run in the slow test, in Jupyter itself.
"""

import ast
import contextlib
import io
import json
import re
import tomllib

import pytest

from tests.source import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"][
    "Repository"
]
PEERS = {"captum", "torchcam", "pytorch_grad_cam"}

#: What a test makes smaller.
QUICK = {
    "EPOCHS, IMAGES = 4, 1000": "EPOCHS, IMAGES = 1, 128",
    '"guided-backprop", "occlusion"]': '"saliency"]',
    '("zero", "mean", "blur")': '("mean",)',
}


def cells(path, kind="code"):
    rows = json.loads(path.read_text("utf-8"))["cells"]
    return [
        ("".join(row["source"]), set(row["metadata"].get("tags", ())), row["metadata"].get("job"))
        for row in rows
        if row["cell_type"] == kind
    ]


def quick(source):
    for usual, smaller in QUICK.items():
        source = source.replace(usual, smaller)
    return source


def run(source, names):
    """A cell as Jupyter runs it: the value of the last line is shown."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    if last is not None:
        shown = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        draw = getattr(shown, "_repr_html_", None)
        assert len(draw() if draw else repr(shown)) > 0


def test_the_five_notebooks_are_there():
    assert [path.stem for path in NOTEBOOKS] == [
        "coming-from-captum-torch-cam-pytorch-grad-cam",
        "debug-my-checkpoint",
        "first-steps",
        "train-a-pair",
        "which-attribution-may-i-believe",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a notebook needs no file of the repository
    names = {}
    with contextlib.redirect_stdout(io.StringIO()):
        for source, tags, _ in cells(path):
            if not tags & {"install", "peer", "needs-peer"}:
                run(quick(source), names)
    assert not list(tmp_path.iterdir())


def test_what_is_made_smaller_is_in_a_notebook():
    sources = "".join(source for path in NOTEBOOKS for source, _, _ in cells(path))
    assert all(usual in sources for usual in QUICK)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_begins_with_its_badge_and_its_installation(path):
    (first, _, _), (source, tags, _) = cells(path, "markdown")[0], cells(path)[0]
    address = REPOSITORY.removeprefix("https://github.com/")
    assert f"colab.research.google.com/github/{address}/blob/main/notebooks/{path.name}" in first
    assert tags == {"install"}
    assert f"%pip install --quiet git+{REPOSITORY}" in source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_has_no_outputs_and_imports_public_names_only(path):
    whole = json.loads(path.read_text("utf-8"))
    assert not any(row.get("outputs") or row.get("execution_count") for row in whole["cells"])
    for source, _, _ in cells(path)[1:]:
        assert not re.search(r"(from|import) resnet_viz\.", source)


def test_every_job_takes_no_more_lines_than_with_another_library():
    jobs = {}
    for source, tags, job in cells(NOTEBOOKS[0]):
        lines = [line for line in source.splitlines() if line and not line.startswith("#")]
        if job is not None:
            jobs.setdefault(job, {}).setdefault("ours" if "ours" in tags else "peer", []).append(
                (len(lines), len("".join(lines)))
            )
    assert set(jobs) == {1, 2, 3, 4, 5}
    for job, sides in jobs.items():
        (ours,) = sides["ours"]
        for peer in sides["peer"]:
            assert ours[0] <= peer[0], job
            assert ours[1] <= peer[1], job


def test_every_notebook_is_listed_in_the_documentation():
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    assert all(f"](../notebooks/{path.name})" in index for path in NOTEBOOKS)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_jupyter_runs_the_whole_notebook(path, tmp_path, monkeypatch):
    """With the cells of other libraries, where they are installed."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    for name in PEERS:
        pytest.importorskip(name)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    nbclient.NotebookClient(
        notebook, timeout=600, resources={"metadata": {"path": tmp_path}}
    ).execute()
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
