"""Explaining many pictures as a background run, saved picture by picture so that it can resume."""

import base64
import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image

from resnet_viz.checkpoints.load import load, load_two
from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.core.converter import decode, encode
from resnet_viz.core.errors import ImageError, ResnetVizError
from resnet_viz.core.saving import whole_file
from resnet_viz.explain.explain_picture import ExplainRequest, explain_picture_in_steps
from resnet_viz.explain.many.picture_sources import PictureEntry, PictureSource, open_source
from resnet_viz.explain.method_names import MethodName
from resnet_viz.pictures.decode import Picture
from resnet_viz.pictures.preprocess import photo
from resnet_viz.records import Counted
from resnet_viz.records.explained_picture import ExplainedPicture
from resnet_viz.records.many_pictures import MethodRow, PictureResult, PicturesFound, Refusal
from resnet_viz.report.explanation_files import explanation_files

_THUMBNAIL = 48  # pixels


ManyEvent: TypeAlias = PicturesFound | PictureResult | Counted


@dataclass(frozen=True)
class ManyConfig:
    """Which pictures to explain, with which networks and methods.

    ``titles`` and ``requests`` have one entry per network; every network gets the same methods.
    """

    source: PictureSource
    networks: tuple[NetworkRef, ...]  # one, or two
    titles: tuple[str, ...]
    requests: tuple[tuple[ExplainRequest, ...], ...]
    device: str = "cpu"

    @property
    def methods(self) -> tuple[MethodName, ...]:
        """The names of the methods."""
        return tuple(request.method for request in self.requests[0])


def explain_job(config: ManyConfig, folder: Path) -> Generator[ManyEvent, None, None]:
    """Explain every picture of a source by every method with every network.

    Files: ``N.json`` with the picture's result, written last, and ``N/`` with raw map, overlay and
    manifest of each network and method. A picture that has its ``N.json`` is not explained again.
    An error of a method becomes part of the picture's result; with one network and one method it
    is raised.
    """
    refs, device = config.networks, config.device
    networks = [load(refs[0], device)] if len(refs) == 1 else [*load_two(refs[0], refs[1], device)]
    work = list(zip(networks, config.requests, strict=True))
    with open_source(config.source) as entries:
        yield PicturesFound(len(entries))
        for number, entry in enumerate(entries, 1):
            result_file = folder / f"{number:04d}.json"
            if not result_file.is_file():
                result = yield from _one(entry, number, work, folder, len(entries))
                with whole_file(result_file) as partial:
                    partial.write_text(json.dumps(encode(result)), encoding="utf-8")
            yield _read(result_file)
            yield Counted(number, len(entries))


def _one(
    entry: PictureEntry,
    number: int,
    work: list[tuple[Loaded, tuple[ExplainRequest, ...]]],
    folder: Path,
    total: int,
) -> Generator[Counted, None, PictureResult]:
    start = PictureResult(number, entry.name, entry.label)
    try:
        picture = entry.read()
    except ImageError as error:
        return replace(start, skipped=error)
    rows, refused = [], []
    alone = sum(len(requests) for _, requests in work) == 1
    for place, (loaded, requests) in enumerate(work):
        for request in requests:
            try:
                where = Counted(number - 1, total, request.method)
                explained = yield from _explained(loaded, picture, request, where)
            except ResnetVizError as error:
                if alone:
                    raise  # it would be the same for every picture
                refused.append(Refusal(place, request.method, error))
                continue
            own = folder / f"{number:04d}"
            _save(explained, own if alone else own / f"{place + 1}-{request.method}")
            rows.append(method_row(explained, place, request.method, entry.label))
    thumbnail = _thumbnail(picture, work[0][0])
    return replace(start, thumbnail=thumbnail, rows=tuple(rows), refused=tuple(refused))


def _explained(
    loaded: Loaded, picture: Picture, request: ExplainRequest, where: Counted
) -> Generator[Counted, None, ExplainedPicture]:
    """The explanation; yields ``where`` at each step, where the run can be stopped."""
    explained: ExplainedPicture | None = None
    for step in explain_picture_in_steps(loaded, picture, request):
        if isinstance(step, ExplainedPicture):
            explained = step
        else:
            yield where
    assert explained is not None
    return explained


def method_row(explained: ExplainedPicture, network: int, method: str, label: str) -> MethodRow:
    """One picture, network and method as a row of the tables."""
    explanation = explained.explanation
    shares = explained.probabilities
    top = int(np.nan_to_num(shares, nan=-1.0).argmax())
    known = {name.casefold() for name in explained.classes}
    right = explained.classes[top].casefold() == label.casefold()
    return MethodRow(
        network=network,
        method=method,
        prediction=explained.classes[top],
        probability=float(shares[top]),
        right=right if label.casefold() in known else None,
        target=explained.target_label,
        place=explanation.place,
        map_maximum=float(explanation.statistics.maximum),
        blank=explanation.blank,
        scores={score.name: float(score.value) for score in explained.scores},
        better={score.name: score.better for score in explained.scores},
    )


def _save(explained: ExplainedPicture, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in explanation_files(explained):
        (folder / name).write_bytes(content)


def _thumbnail(picture: Picture, loaded: Loaded) -> str:
    out = BytesIO()
    pixels = photo(picture, loaded.preprocessing, _THUMBNAIL)
    Image.fromarray(pixels).save(out, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


def picture_results(folder: Path) -> Iterator[PictureResult]:
    """The results that a run has saved so far, in the order of the pictures."""
    return map(_read, sorted(folder.glob("[0-9]*.json")))


def _read(path: Path) -> PictureResult:
    return decode(PictureResult, json.loads(path.read_text(encoding="utf-8")))
