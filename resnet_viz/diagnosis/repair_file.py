"""``repair``: write a weights file anew as a network can load it, and say what was changed."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from resnet_viz.checkpoints.identifying.heads import HeadKind
from resnet_viz.checkpoints.identifying.identification import Identification
from resnet_viz.checkpoints.identifying.identify import identify
from resnet_viz.checkpoints.identifying.spare import sort_out
from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.checkpoints.reading.state_dict import StateDict
from resnet_viz.checkpoints.running_statistics import set_statistics
from resnet_viz.checkpoints.save import SCHEMA_VERSION, write_safetensors
from resnet_viz.core.converter import JsonObject, encode
from resnet_viz.core.errors import CheckpointError, DataError, OptionError, OutputError
from resnet_viz.core.saving import library_versions
from resnet_viz.diagnosis.weights_only import UNBUILT
from resnet_viz.pictures.decode import safe_name
from resnet_viz.pictures.preprocess import normalise
from resnet_viz.records import Repair, RepairKind, RepairStep
from resnet_viz.spec import NetworkSpec

_SHOWN = 6  # names in a step
_BATCH = 64  # images that are normalised together
_HALVES = (torch.float16, torch.bfloat16)
#: Heads that ``ResNet`` has, so that the file needs no other tensors than the network's.
_OURS = (HeadKind.LINEAR, HeadKind.CONVOLUTION)


def repair(
    path: str | Path,
    out: str | Path,
    *,
    images: str | Path | None = None,
    spec: NetworkSpec | None = None,
    skip: tuple[str, ...] = (),
    copy: str = "",
) -> Repair:
    """Write a weights file anew, as safetensors, with everything put right that can be.

    The most usual set of weights is taken if there are several, prefixes are taken off, weights in
    parts are put together, tensors beside the network are left out, and names become torchvision's.
    The metadata describes network, classes and preprocessing, so that ``load_checkpoint`` does not
    have to guess. Of a network that is not built here the tensors keep their names.

    Parameters
    ----------
    path
        The file to read; see ``read_weights``.
    out
        A new ``.safetensors`` file. It is written completely or not at all.
    images
        A folder or ZIP of pictures, or a known data set, as for ``diagnose``: running statistics
        of batch normalisation are measured on them anew.
    spec, skip, copy
        As for ``diagnose``.

    Returns
    -------
    Repair
        What was done, step by step.

    Raises
    ------
    CheckpointError
        If the file cannot be read, or does not fit ``spec``.
    OutputError
        If ``out`` exists, is the file itself, or cannot be written.
    OptionError
        If ``out`` is not called ``.safetensors``, or ``images`` were given for a network without
        running statistics.

    """
    path, out = Path(path), Path(out)
    _check_place(path, out)
    name = safe_name(path.name)
    weights = read_weights(path, copy)
    kept = {key: value for key, value in weights.tensors.items() if key not in skip}
    skipped = tuple(key for key in weights.tensors if key in skip)
    weights = replace(weights, tensors=kept)
    steps = [*_of_reading(weights)]
    try:
        found = identify(weights, name, spec)
    except CheckpointError as error:
        if spec is not None or error.code not in UNBUILT:
            raise
        if images is not None:
            raise OptionError("repair_images", name=name) from error
        written = _bare(weights, skipped)
    else:
        written = _network(weights, found, images, skipped)
    steps += written.steps
    metadata = {**written.metadata, "repaired": {"file": name, "steps": encode(steps)}}
    write_safetensors(out, written.tensors, metadata)
    return Repair(str(path), str(out), written.network, len(written.tensors), tuple(steps))


@dataclass(frozen=True, eq=False)
class _Written:
    """What is written, and the steps that led to it."""

    tensors: Mapping[str, Tensor]
    metadata: JsonObject
    network: str | None
    steps: tuple[RepairStep, ...]


def _check_place(path: Path, out: Path) -> None:
    if out.suffix != ".safetensors":
        raise OptionError("repair_suffix", name=safe_name(out.name))
    if os.path.lexists(out):
        same = os.path.exists(path) and os.path.exists(out) and out.samefile(path)
        raise OutputError("repair_same" if same else "file_exists", file=out.name)


def _of_reading(weights: StateDict) -> Iterator[RepairStep]:
    """What was done while the file was read."""
    if weights.copies:
        yield _step(RepairKind.COPY, (weights.copy,), len(weights.copies))
    if weights.origin.prefixes:
        yield _step(RepairKind.PREFIX, ("".join(weights.origin.prefixes),), len(weights))
    if weights.merged:
        yield _step(RepairKind.MERGED, [each.name for each in weights.merged])


def _bare(weights: StateDict, skipped: tuple[str, ...]) -> _Written:
    """The tensors of a network that is not built here, under their own names."""
    found = sort_out(weights.tensors)
    aside = (*skipped, *found.aside)
    steps = (_step(RepairKind.ASIDE, aside),) if aside else ()
    return _Written(found.tensors, {}, None, steps)


def _network(
    weights: StateDict, found: Identification, images: str | Path | None, skipped: tuple[str, ...]
) -> _Written:
    facts = found.file
    steps = []
    if aside := (*skipped, *facts.aside):
        steps.append(_step(RepairKind.ASIDE, aside))
    answers = facts.head is None or facts.head.kind in _OURS
    own = {
        key: value
        for key, value in found.network.state_dict().items()
        if answers or not key.startswith("fc.")
    }
    if renamed := [key for key, theirs in facts.keys.items() if key in own and key != theirs]:
        steps.append(_step(RepairKind.RENAMED, [f"{facts.keys[k]} > {k}" for k in renamed]))
    if filled := [key for key in facts.absent if key in own and "running" not in key]:
        steps.append(_step(RepairKind.FILLED, filled))
    if facts.head is not None and facts.head.kind is HeadKind.CONVOLUTION:
        steps.append(_step(RepairKind.HEAD, (facts.head.words,)))
    if not facts.has_statistics and images is None:
        norms = [key for key in own if key.endswith("running_var")]
        steps.append(_step(RepairKind.MEASURED, norms))
    changed = False
    if images is not None:
        count, where = _recalibrate(found, images)
        steps.append(_step(RepairKind.RECALIBRATED, (where,), count))
        changed = True
    tensors = _as_in_file(own, facts.keys, weights)
    if not answers and facts.head is not None:  # our names have no place for such a head
        keys = [key for module in facts.head.modules for key in module.keys.values()]
        tensors |= {key: weights.tensors[key] for key in keys}
    metadata: JsonObject = {}
    if answers and found.kind_known:
        metadata = _described(weights, found, changed=changed)
        if "spec" not in weights.metadata:
            steps.append(_step(RepairKind.DESCRIBED, (found.spec.name,), 1))
    return _Written(tensors, metadata, found.spec.name, tuple(steps))


def _recalibrate(found: Identification, images: str | Path) -> tuple[int, str]:
    """Measure the running statistics on images; return their number and the name of their place."""
    from resnet_viz.diagnosis.user_images import user_images

    if not any(isinstance(m, nn.BatchNorm2d) for m in found.network.modules()):
        raise OptionError("repair_images", name=found.name)
    own_images = user_images(images, found)
    pixels = own_images.pixels
    batches = [pixels[i : i + _BATCH] for i in range(0, len(pixels) - 1, _BATCH)]
    if not batches:
        raise DataError("images_none", name=own_images.name)
    set_statistics(found.network, *(normalise(part, own_images.preprocessing) for part in batches))
    return sum(map(len, batches)), own_images.name


def _as_in_file(
    own: Mapping[str, Tensor], keys: Mapping[str, str], weights: StateDict
) -> dict[str, Tensor]:
    """The tensors, in half precision where the file has it."""
    types = {
        key: weights.tensors[keys.get(key, key)].dtype
        for key in own if keys.get(key, key) in weights.tensors
    }  # fmt: skip
    return {
        key: value.to(types[key]) if types.get(key) in _HALVES else value
        for key, value in own.items()
    }


def _described(weights: StateDict, found: Identification, *, changed: bool) -> JsonObject:
    """The metadata that ``load_checkpoint`` reads; a file's own is kept if its weights are."""
    own = {} if changed or "spec" not in weights.metadata else dict(weights.metadata)
    return {
        "schema_version": SCHEMA_VERSION,
        "training": found.training,
        "versions": library_versions(),
        **own,
        "spec": found.spec.to_dict(),
        "classes": list(found.classes),
        "preprocessing": encode(found.preprocessing),
    }


def _step(
    kind: RepairKind, names: "tuple[str, ...] | list[str]", count: int | None = None
) -> RepairStep:
    shown = tuple(safe_name(name) for name in names[:_SHOWN])
    return RepairStep(kind, len(names) if count is None else count, shown)
