"""Tests run with shapes checked: jaxtyping's annotations, enforced by beartype.

Modules without such annotations are left as they are: mypy checks their types, and checking them
again on every call took a quarter of the suite's time.
"""

import os
import sys
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

import tests.typechecker  # noqa: F401  # the hook finds it among the loaded modules

_SOURCE = Path(__file__).resolve().parents[1]
SHAPED = [
    ".".join(path.relative_to(_SOURCE).with_suffix("").parts)
    for path in sorted((_SOURCE / "resnet_viz").rglob("*.py"))
    if "from jaxtyping import" in path.read_text(encoding="utf-8")
]

# Before the package is imported by any test.
install_import_hook(SHAPED, "tests.typechecker.checked")

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of torch; tests run side by side

#: Run first, longest first: what begins last must not keep one worker busy alone.
LONG = (
    "browser/",
    "test_docs.py",
    "jobs/queue/test_workers.py",
    "cli/test_train_command.py",
    "diagnosis/test_sick.py",
    "pages/",
    "training/",
    "experiments/",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _rank(item.nodeid))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """One thread for each test, whatever the one before it has set: workers share the cores."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != 1:
        torch.set_num_threads(1)


def _rank(test: str) -> int:
    place = test.removeprefix("tests/")
    return next((n for n, start in enumerate(LONG) if place.startswith(start)), len(LONG))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """A file's tests run in one worker; those in a browser all in one, with one server."""
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            inside = nodeid.startswith("tests/browser/")
            return "tests/browser" if inside else super()._split_scope(nodeid)

    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing a test downloads or keeps reaches the user's cache."""
    monkeypatch.setenv("RESNET_VIZ_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def comparison():
    """ResNet-20 and plain-20, fresh, on the first bundled photograph."""
    from resnet_viz import NetworkRef, compare, load_two
    from resnet_viz.pictures.samples import sample_picture, samples

    pair = load_two(NetworkRef.parse("resnet20:random"))
    return compare(pair, sample_picture(next(iter(samples()))))
