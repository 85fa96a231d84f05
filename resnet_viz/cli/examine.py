"""What is installed on this machine, what is missing, and how to get it."""

import shutil

from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.checkpoints.sources.published import PUBLISHED, pretrained_file
from resnet_viz.core.places import ASSETS, cifar10_folders, home
from resnet_viz.core.saving import library_versions
from resnet_viz.core.text import Text
from resnet_viz.datasets.cifar10_images import is_excerpt
from resnet_viz.networks.devices import devices
from resnet_viz.pictures.samples import samples
from resnet_viz.spec import RESIDUAL_PRESETS


def examine_installation(text: Text | None = None) -> dict[str, object]:
    """Return versions, devices, weights and data, and a sentence for each missing part."""
    words = text or Text("en")
    twins = bundled_names()
    cifar10 = next((str(folder) for folder in cifar10_folders() if folder.is_dir()), None)
    downloaded = [name for name in PUBLISHED if pretrained_file(name).is_file()]
    untrained = [
        name
        for name, row in RESIDUAL_PRESETS.items()
        if row.spec.family == "cifar" and name not in twins
    ]
    missing = {
        "cuda_missing": "cuda" not in devices(),
        "twins_missing": bool(untrained),
        "pretrained_missing": len(downloaded) < len(PUBLISHED),
        "cifar10_missing": is_excerpt(),
    }
    return {
        "versions": library_versions(),
        "devices": devices(),
        "bundled_weights": twins,
        "pretrained_weights": downloaded,
        "cifar10": cifar10,
        "samples": list(samples()),
        "assets": str(ASSETS),
        "home": str(home()),
        "home_megabytes": _sizes(),
        "free_gigabytes": round(shutil.disk_usage(home().anchor).free / 1e9, 1),
        "missing": [
            words(f"doctor.{key}", networks=", ".join(untrained), folder=str(cifar10_folders()[0]))
            for key, absent in missing.items()
            if absent
        ],
    }


def _sizes() -> dict[str, float]:
    """Return the megabytes of each folder of ``home``: runs, uploads, downloads."""
    folders = sorted(path for path in home().glob("*") if path.is_dir())
    return {
        folder.name: round(sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6, 1)
        for folder in folders
    }
