"""What a run over many pictures found: a row a picture, a row a method, and files to take away."""

import io
import shutil
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.saving import SCHEMA_VERSION, library_versions, new_folder, to_json
from resnet_viz.core.text import Text

Told = Mapping[str, Any]  # of one picture, as the run's event says it


def sentence(error: Mapping[str, Any], text: Text) -> str:
    """An error that a run kept, in the reader's language."""
    return ResnetVizError(error["code"], **error["values"]).sentence(text)


def picture_rows(told: Iterable[Told], networks: Sequence[str]) -> list[dict[str, Any]]:
    """One flat row a picture, network and method, with its scores; in the pictures' order."""
    return [
        {
            "name": one["name"],
            "label": one["label"],
            "network": networks[row["network"]],
            **{n: v for n, v in row.items() if n not in ("network", "scores", "better")},
            **row["scores"],
        }
        for one in told
        for row in one.get("rows", ())
        if "refused" not in row
    ]


def method_rows(told: Iterable[Told], networks: Sequence[str]) -> list[dict[str, Any]]:
    """One row a method and network: on how many pictures, and the mean of each score."""
    found: dict[tuple[str, str], list[Mapping[str, float]]] = defaultdict(list)
    for one in told:
        for row in one.get("rows", ()):
            if "refused" not in row:
                found[row["method"], networks[row["network"]]].append(row["scores"])
    return [
        {"method": method, "network": network, "pictures": len(scores), **means(scores)}
        for (method, network), scores in found.items()
    ]


def means(scores: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each score over those that have it; a map that is not finite has none."""
    columns: dict[str, list[float]] = defaultdict(list)
    for one in scores:
        for name, value in one.items():
            columns[name].append(value)
    return {name: float(np.mean(values)) for name, values in columns.items()}


def document(told: Sequence[Told], config: Mapping[str, Any], text: Text) -> dict[str, Any]:
    """Everything the run found as JSON values; with one network and method their names on top."""
    networks = config["titles"]
    rows = picture_rows(told, networks)
    requests = config["requests"][0]
    return {
        "schema_version": SCHEMA_VERSION,
        "versions": library_versions(),
        "network": networks[0] if len(networks) == 1 else list(networks),
        "method": requests[0]["method"] if len(requests) == 1 else [r["method"] for r in requests],
        "layer": requests[0]["layer"],
        "fused": requests[0]["fuse"],
        "images": rows,
        "mean": means([row["scores"] for one in told for row in one.get("rows", ())
                       if "refused" not in row]),
        "methods": method_rows(told, networks),
        "refused": _refused(told, networks, text),
        "skipped": [{"name": one["name"], "reason": sentence(one["skipped"], text)}
                    for one in told if "skipped" in one],
    }  # fmt: skip


def write_gallery(found: Mapping[str, Any], run_folder: Path, out: Path) -> None:
    """``table.csv``, ``methods.csv``, ``manifest.json`` and a numbered folder a picture."""
    with new_folder(out) as partial:
        for name, content in _tables(found).items():
            (partial / name).write_text(content, encoding="utf-8")
        for own in _picture_folders(run_folder):
            shutil.copytree(own, partial / own.name)


def gallery_zip(found: Mapping[str, Any], run_folder: Path) -> bytes:
    """The same as a ZIP."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _tables(found).items():
            archive.writestr(name, content)
        for own in _picture_folders(run_folder):
            for path in sorted(p for p in own.rglob("*") if p.is_file()):
                archive.write(path, str(path.relative_to(run_folder)))
    return out.getvalue()


def _tables(found: Mapping[str, Any]) -> dict[str, str]:
    return {
        "table.csv": pd.DataFrame(found["images"]).to_csv(index=False),
        "methods.csv": pd.DataFrame(found["methods"]).to_csv(index=False),
        "manifest.json": to_json(found),
    }


def _picture_folders(run_folder: Path) -> list[Path]:
    """Of pictures that are done; one that was being explained when the run stopped is left out."""
    return [p for p in sorted(run_folder.glob("[0-9]*"))
            if p.is_dir() and p.with_suffix(".json").is_file()]  # fmt: skip


def _refused(told: Sequence[Told], networks: Sequence[str], text: Text) -> list[dict[str, str]]:
    """Each refusal once, with the method and the network that it is about."""
    found = {
        (row["method"], networks[row["network"]], sentence(row["refused"], text))
        for one in told
        for row in one.get("rows", ())
        if "refused" in row
    }
    return [{"method": m, "network": n, "reason": reason} for m, n, reason in sorted(found)]
