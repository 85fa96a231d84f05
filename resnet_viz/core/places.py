"""Paths of the bundled assets, the user's cache and the data sets."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_PROJECT = _PACKAGE.parent

#: Bundled files: inside an installed package, or next to the package in a checkout.
ASSETS = next(p for p in (_PACKAGE / "assets", _PROJECT / "assets") if p.is_dir())


def home() -> Path:
    """The folder for downloads and runs: ``RESNET_VIZ_HOME``, or the platform's cache folder."""
    chosen = os.environ.get("RESNET_VIZ_HOME")
    if chosen:
        return Path(chosen)
    import platformdirs  # here, because a bare machine for training may lack it

    return Path(platformdirs.user_cache_dir("resnet_viz"))


def cifar10_folders() -> list[Path]:
    """Folders searched for CIFAR-10 contact sheets, in order."""
    return [home() / "cifar10", _PROJECT.parent / "shared" / "cifar10"]


def fashion_mnist_folder() -> Path:
    """Where Debian's package ``dataset-fashion-mnist`` puts its files."""
    return Path("/usr/share/datasets/fashion-mnist")
