"""Imports between the folders of ``ui``: pages never import one another."""

import pytest

from tests.source import ROOT, imports, modules

PREFIX = "resnet_viz.ui."
MODULES = {name: path for name, path in modules().items() if name.startswith(PREFIX)}
SHARED = ("frame", "choose", "running")  # each may use those before it
PAGES = ("build", "compare", "debug", "experiments", "explain", "first", "gradients", "learn",
         "train")  # fmt: skip


def folder(module):
    return module.removeprefix(PREFIX).split(".")[0]


def test_every_file_stands_in_a_folder():
    assert {folder(name) for name in MODULES} == {*SHARED, *PAGES}


@pytest.mark.parametrize("name", [*SHARED, *PAGES])
def test_a_folder_uses_itself_and_what_is_shared(name):
    allowed = {name, *(SHARED if name in PAGES else SHARED[: SHARED.index(name)])}
    used = {
        (module.removeprefix(PREFIX), folder(used))
        for module, path in MODULES.items()
        if folder(module) == name
        for used in imports(path)
        if used.startswith(PREFIX)
    }
    assert not {(module, other) for module, other in used if other not in allowed}


def test_pages_are_thin_and_call_the_page_of_one_folder():
    pages = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))]
    called = []
    for page in pages:
        assert len(page.read_text(encoding="utf-8").splitlines()) <= 20
        used = {folder(name) for name in imports(page) if name.startswith(PREFIX)}
        own = used - set(SHARED)
        assert len(own) == (2 if page.name == "app.py" else 1)  # the first visit stands before it
        called += own
        assert {f"{PREFIX}{one}.page" for one in own} <= imports(page)
    assert sorted(called) == sorted(PAGES)
