"""The tables of a run over many pictures, and the files to download."""

import io
import shutil
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from resnet_viz.core.converter import JsonObject, encode
from resnet_viz.core.saving import SCHEMA_VERSION, library_versions, new_folder, to_json
from resnet_viz.core.tables import csv_text
from resnet_viz.core.text import Text
from resnet_viz.explain.many.job import ManyConfig
from resnet_viz.records.many_pictures import PictureResult
from resnet_viz.records.map_facts import Fused


def picture_rows(
    results: Iterable[PictureResult], networks: Sequence[str]
) -> list[dict[str, object]]:
    """One flat row per picture, network and method, with its scores; in the pictures' order."""
    return [
        {
            "name": one.name,
            "label": one.label,
            "network": networks[row.network],
            **{n: v for n, v in vars(row).items() if n not in ("network", "scores", "better")},
            **row.scores,
        }
        for one in results
        for row in one.rows
    ]


def method_rows(
    results: Iterable[PictureResult], networks: Sequence[str]
) -> list[dict[str, object]]:
    """One row per method and network: the number of pictures, and the mean of each score."""
    scores: dict[tuple[str, str], list[Mapping[str, float]]] = defaultdict(list)
    for one in results:
        for row in one.rows:
            scores[row.method, networks[row.network]].append(row.scores)
    return [
        {"method": method, "network": network, "pictures": len(own), **means(own)}
        for (method, network), own in scores.items()
    ]


def means(scores: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each score over the rows that have it; a map that is not finite has none."""
    columns: dict[str, list[float]] = defaultdict(list)
    for one in scores:
        for name, value in one.items():
            columns[name].append(value)
    return {name: float(np.mean(values)) for name, values in columns.items()}


def refusals(
    results: Sequence[PictureResult], networks: Sequence[str], text: Text
) -> list[dict[str, str]]:
    """Each refusal once, with the method and the network that it is about."""
    once = {
        (refusal.method, networks[refusal.network], refusal.error.sentence(text))
        for one in results
        for refusal in one.refused
    }
    return [{"method": m, "network": n, "reason": reason} for m, n, reason in sorted(once)]


def skipped(results: Sequence[PictureResult], text: Text) -> list[dict[str, str]]:
    """What could not be read, and why."""
    return [
        {"name": one.name, "reason": one.skipped.sentence(text)}
        for one in results
        if one.skipped is not None
    ]


def document(results: Sequence[PictureResult], config: ManyConfig, text: Text) -> JsonObject:
    """All results of a run as JSON values; a single network or method is a name, not a list."""
    networks, methods = config.titles, config.methods
    layer = config.requests[0][0].layer
    fused = layer if isinstance(layer, Fused) else None
    return {
        "schema_version": SCHEMA_VERSION,
        "versions": library_versions(),
        "network": networks[0] if len(networks) == 1 else list(networks),
        "method": methods[0] if len(methods) == 1 else list(methods),
        "layer": None if fused else layer,
        "fused": encode(fused),
        "images": picture_rows(results, networks),
        "mean": means([row.scores for one in results for row in one.rows]),
        "methods": method_rows(results, networks),
        "refused": refusals(results, networks, text),
        "skipped": skipped(results, text),
    }


def write_gallery(results: JsonObject, run_folder: Path, out: Path) -> None:
    """Write ``table.csv``, ``methods.csv``, ``manifest.json`` and a folder for each picture."""
    with new_folder(out) as partial:
        for name, content in _tables(results).items():
            (partial / name).write_text(content, encoding="utf-8")
        for own in _picture_folders(run_folder):
            shutil.copytree(own, partial / own.name)


def gallery_zip(results: JsonObject, run_folder: Path) -> bytes:
    """The same files as a ZIP."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _tables(results).items():
            archive.writestr(name, content)
        for own in _picture_folders(run_folder):
            for path in sorted(p for p in own.rglob("*") if p.is_file()):
                archive.write(path, str(path.relative_to(run_folder)))
    return out.getvalue()


def _tables(results: JsonObject) -> dict[str, str]:
    return {
        "table.csv": csv_text(pd.DataFrame(results["images"])),
        "methods.csv": csv_text(pd.DataFrame(results["methods"])),
        "manifest.json": to_json(results),
    }


def _picture_folders(run_folder: Path) -> list[Path]:
    """The folders of finished pictures; one that was interrupted is left out."""
    return [p for p in sorted(run_folder.glob("[0-9]*"))
            if p.is_dir() and p.with_suffix(".json").is_file()]  # fmt: skip
