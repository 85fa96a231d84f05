"""Trains the project's pairs of networks; pairs that are already trained are skipped."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from resnet_viz.checkpoints.load_file import load_checkpoint
from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.checkpoints.save import save_checkpoint
from resnet_viz.core.converter import decode_all
from resnet_viz.core.errors import OutputError
from resnet_viz.core.saving import to_json
from resnet_viz.datasets.dataset import Dataset
from resnet_viz.datasets.load_dataset import load_dataset
from resnet_viz.records import Epoch
from resnet_viz.training.config import TrainingConfig, training_config
from resnet_viz.training.evaluate import evaluate
from resnet_viz.training.job import train_job
from resnet_viz.training.run_files import recording

_MOST_LOST = 0.001  # accuracy that half-precision weights may lose


@dataclass(frozen=True)
class Twins:
    """A pair of networks to train: one row of ``ALL_TWINS``."""

    name: str  # "20" makes resnet20 and plain20
    data: str
    seed: int
    warm_up: float = 0.0  # epochs
    half: bool = False  # save float16 weights if the accuracy stays the same

    def config(self, device: str, precision: str, epochs: int | None) -> TrainingConfig:
        """Return the training config of the pair; ``epochs`` None means the recipe's number."""
        changes = {"seed": self.seed, "warm_up": self.warm_up, "precision": precision,
                   "epochs": epochs}  # fmt: skip
        config = training_config(f"resnet{self.name}", "published", pair=True, changes=changes,
                       data=self.data, device=device)  # fmt: skip
        return replace(config, every=10**9)  # measure only FIRST_STEPS and the start of each epoch


#: Three seeds for the pairs whose spread is reported, one for the others. Depth 110 does not
#: converge when it starts at a rate of 0.1 (He 2015, sec. 4.2, starts at 0.01), so the rate rises
#: to 0.1 over the first epoch.
ALL_TWINS = (
    Twins("20", "cifar10", 0),
    Twins("56", "cifar10", 0),
    Twins("110", "cifar10", 0, warm_up=1.0, half=True),
    Twins("20", "fashion-mnist", 0),
    Twins("32", "cifar10", 0),
    Twins("44", "cifar10", 0),
    Twins("20", "cifar10", 1),
    Twins("56", "cifar10", 1),
    Twins("20", "cifar10", 2),
    Twins("56", "cifar10", 2),
)


def train_all_twins(
    out: Path,
    *,
    device: str,
    precision: str = "fp32",
    epochs: int | None = None,
    table: tuple[Twins, ...] = ALL_TWINS,
) -> Iterator[tuple[str, Epoch]]:
    """Train the pairs that are not trained yet, and yield each epoch with the name of its run.

    Writes a folder with weights and ``recording.json`` for each row to ``out``, and for seed 0
    also the two weight files under their bundled names. Called again with the same folder after an
    interruption, it resumes.

    Parameters
    ----------
    out
        Output folder, created if missing.
    device
        Device to train on, such as "cpu" or "cuda".
    precision
        A value of ``Precision``.
    epochs
        Replaces the recipe's number of epochs, or None.
    table
        The pairs to train.

    Raises
    ------
    OutputError
        If ``out`` cannot be created.

    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError("folder_not_writable", folder=str(out)) from error
    for twins in table:
        run = f"{twins.name}-{twins.data}-seed{twins.seed}"
        folder = out / run
        folder.mkdir(exist_ok=True)
        if (folder / "recording.json").exists():
            continue
        for event in train_job(twins.config(device, precision, epochs), folder):
            if isinstance(event, Epoch):
                yield run, event
        if twins.seed == 0:
            _bundle(twins, folder, out)
        text = to_json(recording(folder), indent=None)
        (folder / "recording.json").write_text(text, encoding="utf-8")


def _bundle(twins: Twins, folder: Path, out: Path) -> None:
    """Save the weights under their bundled names, in half precision if that is harmless."""
    data = load_dataset(twins.data)
    suffix = "" if twins.data == "cifar10" else f"-{twins.data}"
    for kind, prefix in (("residual", "resnet"), ("plain", "plain")):
        loaded = load_checkpoint(folder / f"{kind}.safetensors")
        use_half = twins.half and _harmless(loaded, data)
        save_checkpoint(
            out / f"{prefix}{twins.name}{suffix}.safetensors",
            loaded.network,
            classes=loaded.classes,
            preprocessing=loaded.preprocessing,
            training=loaded.training["training"],
            curve=decode_all(Epoch, loaded.training["curve"]),
            dtype=torch.float16 if use_half else torch.float32,
        )


def _harmless(loaded: LoadedNetwork, data: Dataset) -> bool:
    """Round the weights in place if that keeps the accuracy; return whether it does."""
    full_error = evaluate(loaded.network, data.test, loaded.preprocessing).error
    exact = {name: value.clone() for name, value in loaded.network.state_dict().items()}
    rounded = {n: v.half().to(v.dtype) if v.is_floating_point() else v for n, v in exact.items()}
    loaded.network.load_state_dict(rounded)
    half_error = evaluate(loaded.network, data.test, loaded.preprocessing).error
    if abs(half_error - full_error) > _MOST_LOST:
        loaded.network.load_state_dict(exact)
    return abs(half_error - full_error) <= _MOST_LOST
