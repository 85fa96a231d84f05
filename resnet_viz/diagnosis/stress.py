"""``stress``: how a checkpoint's answers depend on the scaling of pictures and on precision."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from resnet_viz.checkpoints.identifying.identification import Identification
from resnet_viz.core.errors import DataError, ImageError, NetworkError
from resnet_viz.diagnosis.checks.resizing import RESIZINGS
from resnet_viz.diagnosis.checks.rounding import (
    FORMATS,
    lost_variances,
    round_all,
    rounded_layers,
    underflow,
)
from resnet_viz.networks.tables.totals import totals
from resnet_viz.pictures.decode import Picture, read_picture, safe_name
from resnet_viz.pictures.preprocess import seen, to_batch
from resnet_viz.pictures.samples import sample_picture, samples
from resnet_viz.records import ChangedAnswers, DiagnosisPart, DiagnosisProgress, Stress

_MOST = 64  # pictures
_MOST_FILES = 2_000  # files of a folder that are tried as pictures
_FEWEST = 2  # pictures
_OF_LAYERS = 8  # pictures on which layers are rounded one by one
_OF_LARGE = 2  # the same for inputs of more than 64 pixels


def stress(identification: Identification, images: str | Path | None = None) -> Stress:
    """Measure how answers change with resizing and precision.

    Parameters
    ----------
    identification
        The network, as ``identified`` returns it.
    images
        A folder of pictures (with or without class folders), a ZIP of class folders, or a known
        data set; by default the bundled photographs. Scaling is compared on the files of a folder
        at their own size; a ZIP or a data set has pictures of the network's size already.

    Raises
    ------
    NetworkError
        If the file has no head that answers, or a logit is not finite.
    DataError
        If there are fewer than two pictures, or they do not fit the network.

    """
    *_, last = stress_steps(identification, images)
    assert isinstance(last, Stress)
    return last


def stress_steps(
    identification: Identification, images: str | Path | None = None
) -> Iterator[DiagnosisProgress | Stress]:
    """Run ``stress`` step by step; the last is the result."""
    yield DiagnosisProgress(DiagnosisPart.RESIZING, 0)
    if not identification.file.answers or identification.spec.input_channels not in (1, 3):
        raise NetworkError("stress_no_answers", name=identification.name)
    where, pictures = _pictures(images, identification)
    preprocessing, network = identification.preprocessing, identification.network
    batch = to_batch([seen(picture, preprocessing) for picture in pictures], preprocessing)
    with torch.no_grad():
        before = network(batch).softmax(1)
    if not torch.isfinite(before).all():
        raise NetworkError("stress_no_answers", name=identification.name)
    result = Stress(identification.name, where, len(pictures), (), (), (), 0, 0)
    for done, (name, scale) in enumerate(RESIZINGS.items(), 1):
        other = to_batch([scale(picture, preprocessing) for picture in pictures], preprocessing)
        with torch.no_grad():
            row = _changed(name, before, network(other).softmax(1))
        result = replace(result, resizing=(*result.resizing, row))
        yield DiagnosisProgress(DiagnosisPart.RESIZING, done / len(RESIZINGS))
    yield from _precision(identification, batch, before, result)


def _precision(
    identification: Identification, batch: Tensor, before: Tensor, result: Stress
) -> Iterator[DiagnosisProgress | Stress]:
    yield DiagnosisProgress(DiagnosisPart.PRECISION, 0)
    network = identification.network
    for name, rounding in FORMATS.items():
        rounded = copy.deepcopy(network)
        round_all(rounded, rounding)
        with torch.no_grad():
            row = _changed(name, before, rounded(batch).softmax(1))
        result = replace(result, precision=(*result.precision, row))
    few = batch[: _OF_LARGE if batch.shape[-1] > 64 else _OF_LAYERS]
    own = copy.deepcopy(network)
    count = sum(value.ndim > 1 for value in own.state_dict().values())
    macs = totals(identification.spec).macs
    for done, layer in enumerate(rounded_layers(own, few, macs), 1):
        result = replace(result, layers=(*result.layers, layer))
        yield DiagnosisProgress(DiagnosisPart.PRECISION, min(1.0, done / count))
    values = [v for v in network.state_dict().values() if v.is_floating_point()]
    yield replace(
        result,
        underflow=sum(underflow(value) for value in values),
        lost_variances=lost_variances(network),
    )


def _changed(name: str, before: Tensor, after: Tensor) -> ChangedAnswers:
    """Compare probabilities; NaN after a change, as of an overflow, counts as wholly moved."""
    finite = torch.isfinite(after).all(1)
    same = (before.argmax(1) == after.argmax(1)) & finite
    moved = ((before - after).abs().sum(1) / 2).where(finite, torch.ones(len(after)))
    return ChangedAnswers(name, float(same.double().mean()), float(moved.mean()))


def _pictures(
    images: str | Path | None, identification: Identification
) -> tuple[str, Sequence[Picture]]:
    from resnet_viz.diagnosis.user_images import own_set, user_images

    images = images or own_set(identification)
    if images is None:
        return "bundled", [sample_picture(name) for name in samples()]
    path = Path(images)
    if path.is_dir():
        name, pictures = safe_name(path.name), [*_of_folder(path)]
    else:
        own = user_images(images, identification)
        name = own.name
        step = max(1, len(own.pixels) // _MOST)
        rows = own.pixels[::step][:_MOST].permute(0, 2, 3, 1).numpy()
        pictures = [
            Picture(np.repeat(row, 3, 2) if row.shape[2] == 1 else row, name, "") for row in rows
        ]
    if len(pictures) < _FEWEST:
        raise DataError("images_none", name=name)
    return name, pictures


def _of_folder(path: Path) -> Iterator[Picture]:
    """Pictures in a folder and its folders, spread evenly over the files; links are left out."""
    files = [f for f in sorted(path.rglob("*")) if f.is_file() and not f.is_symlink()][:_MOST_FILES]
    found = 0
    for file in files[:: max(1, len(files) // _MOST)]:
        try:
            picture = read_picture(file)
        except ImageError:
            continue  # a folder may have other files too
        yield picture
        found += 1
        if found == _MOST:
            return
