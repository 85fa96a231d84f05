"""Explaining many pictures as a background run: kept picture by picture, so that it goes on."""

import base64
import json
from collections.abc import Generator, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from resnet_viz.checkpoints.load import load, load_two
from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.core.errors import ImageError, ResnetVizError
from resnet_viz.core.saving import whole_file
from resnet_viz.explain.explain_picture import ExplainRequest, explain_picture_in_steps
from resnet_viz.explain.faithfulness import MEASURES
from resnet_viz.explain.many.picture_sources import PictureEntry, PictureSource, open_source
from resnet_viz.explain.methods import method_named
from resnet_viz.pictures.decode import Picture
from resnet_viz.pictures.preprocess import photo
from resnet_viz.records.explanation import ExplainedPicture, Fused, Fusion
from resnet_viz.report.explanation_files import explanation_files

_THUMBNAIL = 48  # pixels


def explain_job(config: Mapping[str, Any], folder: Path) -> Generator[dict[str, Any], None, None]:
    """Explain every picture of a source by every method with every network.

    ``config``: ``source``, ``networks`` (one ``NetworkRef`` or two) with their ``titles``,
    ``requests`` (by network, see ``request_to_dict``), ``device``. Events by key:
    ``pictures``, ``picture/N`` (what is told of it, or why it was skipped) and ``progress``. Files:
    ``N.json`` the event, written last, and ``N/`` with raw map, overlay and manifest of each
    network and method. What a method refuses is told in the picture's rows; where there is one
    network and one method it is raised.
    """
    refs = [NetworkRef.from_dict(values) for values in config["networks"]]
    device = config["device"]
    networks = [load(refs[0], device)] if len(refs) == 1 else [*load_two(refs[0], refs[1], device)]
    requests = [[request_from_dict(values) for values in own] for own in config["requests"]]
    asked = list(zip(networks, requests, strict=True))
    with open_source(PictureSource.from_dict(config["source"])) as entries:
        yield {"key": "pictures", "total": len(entries)}
        for number, entry in enumerate(entries, 1):
            kept = folder / f"{number:04d}.json"
            if not kept.is_file():
                told = yield from _one(entry, number, asked, folder, len(entries))
                _write(kept, told)
            yield json.loads(kept.read_text(encoding="utf-8"))
            yield {"key": "progress", "done": number, "total": len(entries), "part": ""}


def request_to_dict(request: ExplainRequest) -> dict[str, Any]:
    """A request as JSON values."""
    fused = request.layer if isinstance(request.layer, Fused) else None
    return {
        "method": request.method,
        "layer": None if fused else request.layer,
        "fuse": fused and {"how": fused.how, "layers": list(fused.layers)},
        "target": request.target,
        "against": request.against,
        "options": dict(request.options),
        "seed": request.seed,
        "scored": bool(request.measures),
    }


def request_from_dict(values: Mapping[str, Any]) -> ExplainRequest:
    """The inverse of ``request_to_dict``."""
    fuse = values["fuse"]
    layer = values["layer"]
    return ExplainRequest(
        method=method_named(values["method"]).name,
        layer=Fused(Fusion(fuse["how"]), tuple(fuse["layers"])) if fuse else layer,
        target=values["target"],
        against=values["against"],
        options=values["options"],
        seed=values["seed"],
        measures=tuple(MEASURES) if values["scored"] else (),
    )


_Told = Generator[dict[str, Any], None, dict[str, Any]]


def _one(
    entry: PictureEntry,
    number: int,
    asked: list[tuple[Loaded, list[ExplainRequest]]],
    folder: Path,
    total: int,
) -> _Told:
    told: dict[str, Any] = {
        "key": f"picture/{number:04d}",
        "number": number,
        "name": entry.name,
        "label": entry.label,
    }
    try:
        picture = entry.read()
    except ImageError as error:
        return {**told, "skipped": _error(error)}
    rows = []
    alone = sum(len(requests) for _, requests in asked) == 1
    for place, (loaded, requests) in enumerate(asked):
        for request in requests:
            start = {"network": place, "method": request.method}
            try:
                where = {"done": number - 1, "total": total, "part": request.method}
                made = yield from _explained(loaded, picture, request, where)
            except ResnetVizError as error:
                if alone:
                    raise  # it would be the same for every picture
                rows.append({**start, "refused": _error(error)})
                continue
            own = folder / f"{number:04d}"
            _keep(made, own if alone else own / f"{place + 1}-{request.method}")
            rows.append({**start, **row_of(made, entry.label)})
    return {**told, "thumbnail": _thumbnail(picture, asked[0][0]), "rows": rows}


def _explained(
    loaded: Loaded, picture: Picture, request: ExplainRequest, where: Mapping[str, Any]
) -> Generator[dict[str, Any], None, ExplainedPicture]:
    """The explanation; an event at each step, at which the run can be stopped."""
    made: ExplainedPicture | None = None
    for step in explain_picture_in_steps(loaded, picture, request):
        if isinstance(step, ExplainedPicture):
            made = step
        else:
            yield {"key": "progress", **where}
    assert made is not None
    return made


def row_of(made: ExplainedPicture, label: str) -> dict[str, Any]:
    """What the tables tell of one picture, network and method; ``right`` where it is labelled."""
    explanation = made.explanation
    shares = explanation.probabilities
    top = int(np.nan_to_num(shares, nan=-1.0).argmax())
    known = {name.casefold() for name in made.classes}
    right = made.classes[top].casefold() == label.casefold()
    return {
        "prediction": made.classes[top],
        "probability": float(shares[top]),
        "right": right if label.casefold() in known else None,
        "target": made.target_label,
        "place": explanation.place,
        "map_maximum": explanation.statistics.maximum,
        "blank": explanation.blank,
        "scores": {score.name: score.value for score in made.scores},
        "better": {score.name: score.better for score in made.scores},
    }


def _error(error: ResnetVizError) -> dict[str, Any]:
    """An error to be said in the reader's language later."""
    return {"code": error.code, "values": {n: str(v) for n, v in error.values.items()}}


def _keep(made: ExplainedPicture, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in explanation_files(made):
        (folder / name).write_bytes(content)


def _write(path: Path, told: Mapping[str, Any]) -> None:
    with whole_file(path) as partial:
        partial.write_text(json.dumps(told), encoding="utf-8")


def _thumbnail(picture: Picture, loaded: Loaded) -> str:
    out = BytesIO()
    pixels = photo(picture, loaded.preprocessing, _THUMBNAIL)
    Image.fromarray(pixels).save(out, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


def told_pictures(folder: Path) -> Iterator[dict[str, Any]]:
    """What a run has told of its pictures so far, in their order."""
    for path in sorted(folder.glob("[0-9]*.json")):
        yield json.loads(path.read_text(encoding="utf-8"))
