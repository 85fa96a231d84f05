"""The files of an explanation: raw values, overlay and manifest."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from resnet_viz.core.converter import JsonObject, encode
from resnet_viz.core.saving import SCHEMA_VERSION, library_versions, new_folder, to_json
from resnet_viz.figures.deletion_film import SHEET_SHARES, film_sheet, films_of
from resnet_viz.figures.evidence import evidence, evidence_top, grey_ground
from resnet_viz.figures.explanation_plots import map_overlay, map_range
from resnet_viz.pictures.decode import to_png
from resnet_viz.records import Pair
from resnet_viz.records.explained_picture import ExplainedPicture

_OPACITY = 0.55


def explanation_document(picture: ExplainedPicture) -> JsonObject:
    """Map statistics, faithfulness scores, and what is needed to repeat them, as JSON values."""
    explanation = picture.explanation
    order = np.argsort(-picture.probabilities, kind="stable")[:5]
    return {
        "schema_version": SCHEMA_VERSION,
        "versions": library_versions(),
        "image": {"name": picture.name, "digest": picture.digest},
        "weights": picture.origin.weights,
        "footing": None if picture.origin.footing is None else encode(picture.origin.footing),
        **explanation.manifest(),
        "target_label": picture.target_label,
        "predictions": [
            {"label": picture.classes[i], "probability": float(picture.probabilities[i])}
            for i in order
        ],
        "faithfulness": {score.name: score.value for score in picture.scores},
        "better": {score.name: score.better for score in picture.scores},
    }


def explanation_files(picture: ExplainedPicture) -> Iterator[tuple[str, bytes]]:
    """``map.npz`` (raw map, attributions, logits, curves), pictures, ``manifest.json``.

    ``film.png`` has a row for deletion and one for insertion, if they were measured.
    """
    arrays = picture.explanation.arrays()
    for score in picture.scores:
        if score.fractions is not None and score.values is not None:
            arrays[f"{score.name}_fractions"] = score.fractions
            arrays[f"{score.name}_values"] = score.values
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    yield "map.npz", buffer.getvalue()
    colours = map_range([picture.explanation])
    yield "overlay.png", to_png(map_overlay(picture, colours, opacity=_OPACITY).pixels)
    yield "seen.png", to_png(picture.seen)
    top = evidence_top([picture.explanation.map])
    yield "evidence.png", to_png(evidence(grey_ground(picture.photo), picture.explanation.map, top))
    if films := films_of(picture):
        yield "film.png", to_png(film_sheet(films))
    manifest = {
        **explanation_document(picture),
        "record": "explanation",
        "overlay": {"low": colours.low, "high": colours.high, "opacity": _OPACITY},
        "evidence": {"full_colour": top},
        "film": {"rows": [film.name for film in films], "shares": list(SHEET_SHARES)},
        "arrays": {name: list(value.shape) for name, value in arrays.items()},
    }
    yield "manifest.json", to_json(manifest).encode()


def write_explanation(picture: ExplainedPicture, folder: Path) -> None:
    """Write all files to a new folder; ``OutputError`` if it exists or cannot be written."""
    with new_folder(folder) as partial:
        for name, content in explanation_files(picture):
            (partial / name).write_bytes(content)


def explanation_archive(pictures: Pair[ExplainedPicture]) -> bytes:
    """One ZIP with a folder for each explanation, by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for picture in pictures:
            for name, content in explanation_files(picture):
                archive.writestr(f"{picture.role}/{name}", content)
    return buffer.getvalue()
