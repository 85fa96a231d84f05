"""Every test runs with shapes checked: jaxtyping's annotations, enforced by beartype."""

import os
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

import tests.typechecker  # noqa: F401  # the hook finds it among the loaded modules

# Before the package is imported by any test.
install_import_hook("resnet_viz", "tests.typechecker.checked")

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of torch; tests run side by side


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
