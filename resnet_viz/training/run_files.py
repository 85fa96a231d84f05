"""Exported files of a finished or stopped training: weights, curves and recipe."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.core.converter import JsonObject, decode, decode_all, encode
from resnet_viz.core.errors import DataError, FailureError
from resnet_viz.core.saving import SCHEMA_VERSION, library_versions, new_folder, to_json
from resnet_viz.records import Epoch, TrainingStep
from resnet_viz.training.job import steps_of
from resnet_viz.training.recipe import Recipe

RECORDED_STEPS = (0, 1, 10, 100)
_WEIGHTS = "[!.s]*.safetensors"  # neither the state nor a partial file
_COLUMNS = ("kind", "epoch", "train_loss", "train_error", "test_loss", "test_error",
            "learning_rate", "images_per_second")  # fmt: skip


def export_files(folder: Path) -> dict[str, bytes]:
    """Return the content of each exported file by name.

    The files are the weights of each network, curve.csv, steps.csv and recipe.json.

    Parameters
    ----------
    folder
        Folder of the run.

    Raises
    ------
    DataError
        If the run has no finished epoch.

    """
    weights = sorted(folder.glob(_WEIGHTS))
    if not weights:
        raise DataError("run_empty", run=folder.name)
    described = {path.stem: read_weights(path).metadata for path in weights}
    curve = [epoch for metadata in described.values() for epoch in _epochs(metadata)]
    networks = {kind: {n: metadata[n] for n in ("spec", "training", "saved", "versions")}
                for kind, metadata in described.items()}  # fmt: skip
    files = {path.name: path.read_bytes() for path in weights}
    files["curve.csv"] = _csv(_COLUMNS, [vars(epoch) for epoch in curve]).encode()
    files["steps.csv"] = _steps_csv(steps_of(folder)).encode()
    files["recipe.json"] = to_json({"networks": networks, "versions": library_versions()}).encode()
    return files


def export_run(folder: Path, out: Path) -> None:
    """Write the exported files of a run to a new folder."""
    files = export_files(folder)
    with new_folder(out) as partial:
        for name, content in files.items():
            (partial / name).write_bytes(content)


def export_zip(folder: Path) -> bytes:
    """Return the exported files of a run as a ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in export_files(folder).items():
            archive.writestr(name, content)
    return out.getvalue()


def write_tensorboard(folder: Path, out: Path) -> None:
    """Write losses, errors and gradient norms as TensorBoard event files.

    Parameters
    ----------
    folder
        Folder of the run.
    out
        Receives one folder per network.

    Raises
    ------
    FailureError
        If the package ``tensorboard`` is not installed.

    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise FailureError("tensorboard_missing") from error
    for path in sorted(folder.glob(_WEIGHTS)):
        with SummaryWriter(str(out / path.stem)) as writer:
            for epoch in _epochs(read_weights(path).metadata):
                for name in ("train_loss", "train_error", "test_loss", "test_error"):
                    writer.add_scalar(name, getattr(epoch, name), epoch.epoch)
            for step in steps_of(folder):
                if step.kind == path.stem:
                    for layer, norm in step.gradient_norms.items():
                        writer.add_scalar(f"gradient_norm/{layer}", norm, step.step)


def recording(folder: Path) -> JsonObject:
    """Return the curves of a run, and its measurements at the first steps and each tenth epoch.

    ``folder`` is the folder of a run, or one that ``export_run`` wrote.
    """
    described = {path.stem: read_weights(path).metadata for path in sorted(folder.glob(_WEIGHTS))}
    first = next(iter(described.values()))
    steps_per_ten_epochs = 10 * first["training"]["steps_per_epoch"]
    return {
        "schema_version": SCHEMA_VERSION,
        "training": first["training"],
        "steps_per_epoch": first["training"]["steps_per_epoch"],
        "saved": first["saved"],
        "versions": first["versions"],
        "specs": {kind: metadata["spec"] for kind, metadata in described.items()},
        "curves": {kind: metadata["curve"] for kind, metadata in described.items()},
        "steps": [encode(s) for s in steps_of(folder) or _exported_steps(folder, first)
                  if s.step in RECORDED_STEPS or s.step % steps_per_ten_epochs == 0],
    }  # fmt: skip


def _exported_steps(folder: Path, metadata: JsonObject) -> list[TrainingStep]:
    """Read the steps in steps.csv; [] without the file.

    The table has no learning rates; the recipe determines them.
    """
    path = folder / "steps.csv"
    if not path.is_file():
        return []
    training = metadata["training"]
    recipe, whole = decode(Recipe, training["recipe"]), training["steps_per_epoch"]
    with path.open(encoding="utf-8", newline="") as file:
        by_step = groupby(csv.DictReader(file), lambda row: (int(row["step"]), row["kind"]))
        steps = [
            TrainingStep(
                kind=kind,
                step=number,
                loss=float(rows[0]["loss"]),
                learning_rate=recipe.learning_rate_at(number / whole / recipe.epochs),
                gradient_norms={row["layer"]: float(row["gradient_norm"]) for row in rows},
                update_ratios={row["layer"]: float(row["update_ratio"]) for row in rows},
            )
            for (number, kind), rows in ((key, list(group)) for key, group in by_step)
        ]
    return sorted(steps, key=lambda step: (step.step, step.kind))


def _epochs(metadata: Mapping[str, object]) -> tuple[Epoch, ...]:
    """Return the curve in the metadata of a weights file."""
    return decode_all(Epoch, metadata["curve"])


def _csv(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _steps_csv(steps: Sequence[TrainingStep]) -> str:
    rows = [
        {"kind": step.kind, "step": step.step, "loss": step.loss, "layer": layer,
         "gradient_norm": norm, "update_ratio": step.update_ratios[layer]}
        for step in steps
        for layer, norm in step.gradient_norms.items()
    ]  # fmt: skip
    return _csv(("kind", "step", "loss", "layer", "gradient_norm", "update_ratio"), rows)
