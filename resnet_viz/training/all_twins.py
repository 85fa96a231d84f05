"""The trained twins of this project, in one go; what is finished is not done again."""

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

_MOST_LOST = 0.001  # of accuracy, for weights kept in half precision


@dataclass(frozen=True)
class Twins:
    """One pair to train: a row of the table."""

    name: str  # "20" makes resnet20 and plain20
    data: str
    seed: int
    warm_up: float = 0.0  # epochs
    half: bool = False  # keep float16 weights, if that costs no accuracy

    def config(self, device: str, precision: str, epochs: int | None) -> TrainingConfig:
        """How it is trained."""
        changes = {"seed": self.seed, "warm_up": self.warm_up, "precision": precision,
                   "epochs": epochs}  # fmt: skip
        config = training_config(f"resnet{self.name}", "published", pair=True, changes=changes,
                       data=self.data, device=device)  # fmt: skip
        return replace(config, every=10**9)  # first steps and first steps of epochs are enough


#: Three seeds of the pairs whose spread is told, one of the others. Depth 110 does not start at
#: a rate of 0.1 (He 2015, sec. 4.2, begins with 0.01); here the first epoch rises to it.
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
    """Train what is not finished yet; yields each epoch with the name of its run.

    Of each row ``out`` gets a folder with weights and ``recording.json``; of each first seed also
    the two weight files by the names that this project bundles. Interrupted, it goes on where it
    was when called again with the same folder.
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
    """Weights by the names that are bundled, in half precision where that loses nothing."""
    data = load_dataset(twins.data)
    suffix = "" if twins.data == "cifar10" else f"-{twins.data}"
    for kind, prefix in (("residual", "resnet"), ("plain", "plain")):
        loaded = load_checkpoint(folder / f"{kind}.safetensors")
        keep = twins.half and _harmless(loaded, data)
        save_checkpoint(
            out / f"{prefix}{twins.name}{suffix}.safetensors",
            loaded.network,
            classes=loaded.classes,
            preprocessing=loaded.preprocessing,
            training=loaded.training["training"],
            curve=decode_all(Epoch, loaded.training["curve"]),
            dtype=torch.float16 if keep else torch.float32,
        )


def _harmless(loaded: LoadedNetwork, data: Dataset) -> bool:
    """Whether half-precision weights answer as well; they are rounded in place."""
    whole = evaluate(loaded.network, data.test, loaded.preprocessing).error
    exact = {name: value.clone() for name, value in loaded.network.state_dict().items()}
    rounded = {n: v.half().to(v.dtype) if v.is_floating_point() else v for n, v in exact.items()}
    loaded.network.load_state_dict(rounded)
    half = evaluate(loaded.network, data.test, loaded.preprocessing).error
    if abs(half - whole) > _MOST_LOST:
        loaded.network.load_state_dict(exact)
    return abs(half - whole) <= _MOST_LOST
