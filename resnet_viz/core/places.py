"""Where things live: the bundled assets, the user's cache, the data sets."""

import os
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parents[1]
_PROJECT = _PACKAGE.parent

#: Bundled files: inside the package when it was pip-installed, beside it in a checkout.
ASSETS = next(p for p in (_PACKAGE / "assets", _PROJECT / "assets") if p.is_dir())


def home() -> Path:
    """The folder for downloads and runs: ``RESNET_VIZ_HOME``, or the platform's cache folder."""
    chosen = os.environ.get("RESNET_VIZ_HOME")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("resnet_viz"))


def cifar10_folders() -> list[Path]:
    """Where CIFAR-10 contact sheets are looked for, best first."""
    return [home() / "cifar10", _PROJECT.parent / "shared" / "cifar10"]


def fashion_mnist_folder() -> Path:
    """Where Debian's package ``dataset-fashion-mnist`` puts its files."""
    return Path("/usr/share/datasets/fashion-mnist")
