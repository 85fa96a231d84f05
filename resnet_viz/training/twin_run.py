"""A pair of networks that is trained beside other pairs, with the folder that it writes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.checkpoints.save import save_checkpoint
from resnet_viz.core.converter import decode, encode
from resnet_viz.core.errors import CheckpointError, DataError, OptionError
from resnet_viz.core.saving import to_json, whole_file
from resnet_viz.datasets.dataset import Dataset
from resnet_viz.networks.resnet.model import ResNet, build
from resnet_viz.records import Epoch, TrainingStep
from resnet_viz.training.captured_step import Engine
from resnet_viz.training.config import TrainingConfig
from resnet_viz.training.course import FIRST_STEPS
from resnet_viz.training.evaluate import BATCH
from resnet_viz.training.job import STATE_FILE, STEPS_FILE
from resnet_viz.training.resident_data import EpochBatches
from resnet_viz.training.resident_learner import ResidentLearner
from resnet_viz.training.run_files import export_files
from resnet_viz.training.state import TrainingState

CONFIG_FILE, EPOCHS_FILE = "config.json", "epochs.jsonl"
_TEST_BATCH = 2000  # images; a GPU is not filled by fewer


@dataclass
class TwinRun:
    """A residual network and its plain twin in training.

    Parameters
    ----------
    name
        Name of the run, in events.
    config
        Networks and recipe.
    folder
        Receives ``KIND.safetensors``, ``curve.csv``, ``steps.csv`` and ``recipe.json``, as
        ``train --out`` writes them, ``epochs.jsonl``, and a state to resume from.
    batches
        Images, shared with other runs.
    engines
        One for each network, residual first.

    """

    name: str
    config: TrainingConfig
    folder: Path
    batches: EpochBatches
    engines: tuple[Engine, ...]
    epoch: int = 0  # finished epochs
    step: int = 0  # finished steps of the current epoch
    curve: tuple[Epoch, ...] = ()
    learners: list[ResidentLearner] = field(init=False)

    def __post_init__(self) -> None:
        self.learners = [
            ResidentLearner(kind, self._network(kind), self.config.recipe, self.batches, engine)
            for kind, engine in zip(self.config.specs(), self.engines, strict=True)
        ]

    def _network(self, kind: str) -> ResNet:
        spec = self.data.fitted(self.config.specs()[kind])
        return build(spec, seed=self.config.recipe.seed).to(self.config.device)

    @property
    def data(self) -> Dataset:
        """The images that are trained and tested on."""
        return self.batches.resident.data

    @property
    def steps(self) -> int:
        """Steps per epoch."""
        return self.batches.steps

    @property
    def is_done(self) -> bool:
        """Whether all epochs of the recipe are finished."""
        return self.epoch >= self.config.recipe.epochs

    def start_epoch(self) -> None:
        """Prepare the learning rates and sums of the next epoch, or of the rest of this one."""
        recipe = self.config.recipe
        rates = [recipe.learning_rate_at((self.epoch + step / self.steps) / recipe.epochs)
                 for step in range(self.steps)]  # fmt: skip
        for learner in self.learners:
            learner.set_rates(rates)
            if self.step == 0:
                learner.start_epoch()
            learner.training_mode()
            learner.set_position(self.step)

    def take_step(self) -> list[TrainingStep]:
        """Take the next step with both networks; return it if it is one that is measured."""
        number = self.epoch * self.steps + self.step
        is_due = self.step == 0 or number in FIRST_STEPS or number % self.config.every == 0
        is_measured = is_due and self.batches.size(self.step) == self.batches.size(0)
        for learner in self.learners:
            learner.take_step(self.step, is_measured)
        step, self.step = self.step, self.step + 1
        if not is_measured:
            return []
        return [learner.measurement(number, step) for learner in self.learners]

    def finish_epoch(self, speed: float) -> list[Epoch]:
        """Evaluate both networks after an epoch at ``speed`` images a second, and count it.

        Raises
        ------
        TrainingError
            If a loss is not finite.

        """
        records = [self._epoch_of(learner, speed) for learner in self.learners]
        self.epoch, self.step, self.curve = self.epoch + 1, 0, (*self.curve, *records)
        return records

    def _epoch_of(self, learner: ResidentLearner, speed: float) -> Epoch:
        resident = self.batches.resident
        data = replace(self.data, test=resident.test)
        size = _TEST_BATCH if resident.device.type == "cuda" else BATCH
        return learner.epoch(self.epoch + 1, data, len(resident), speed, batch=size)

    def state(self) -> TrainingState:
        """Return a copy of everything that is needed to resume from this step."""
        tensors = {}
        for learner in self.learners:
            learner.engine.finish()
            for name, value in learner.tensors().items():
                tensors[f"{learner.kind}/{name}"] = value.detach().cpu().clone().contiguous()
        return TrainingState(tensors, self.epoch, self.step, self.curve)

    def attach(self, state: TrainingState) -> None:
        """Resume from the state of a run with the same config, data and initial weights."""
        self.epoch, self.step, self.curve = state.epoch, state.step, state.curve
        for learner in self.learners:
            prefix = f"{learner.kind}/"
            tensors = {n.removeprefix(prefix): v for n, v in state.tensors.items()
                   if n.startswith(prefix)}  # fmt: skip
            learner.restore(tensors)

    def begin(self) -> None:
        """Resume from the folder, if it has a state; write the config otherwise."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if (self.folder / STATE_FILE).is_file():
            self.attach(TrainingState.load(self.folder / STATE_FILE))
        else:
            _write(self.folder / CONFIG_FILE, to_json(encode(self.config)))

    def append(self, step: TrainingStep) -> None:
        """Add a measured step to the file of steps."""
        with (self.folder / STEPS_FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(encode(step)) + "\n")

    def save_state(self) -> None:
        """Save what is needed to resume."""
        self.state().save(self.folder / STATE_FILE)

    def save(self) -> None:
        """Save weights and curves, and the state until the last epoch is finished."""
        for learner in self.learners:
            assert isinstance(learner.network, ResNet)
            save_checkpoint(
                self.folder / f"{learner.kind}.safetensors",
                learner.network,
                classes=self.data.classes,
                preprocessing=self.data.preprocessing,
                training=self._described(),
                curve=[epoch for epoch in self.curve if epoch.kind == learner.kind],
            )
        for name, content in export_files(self.folder).items():
            if not name.endswith(".safetensors"):
                _write(self.folder / name, content.decode("utf-8"))
        lines = [json.dumps(epoch_line(self.name, epoch)) for epoch in self.curve]
        _write(self.folder / EPOCHS_FILE, "".join(line + "\n" for line in lines))
        if self.is_done:
            (self.folder / STATE_FILE).unlink(missing_ok=True)
        else:
            self.save_state()

    def _described(self) -> dict[str, object]:
        config, device = self.config, self.batches.resident.device
        described = {
            "data": config.data,
            "recipe": encode(config.recipe),
            "start": str(config.start),
            "frozen": [],
            "pair": True,
            "device": config.device,
            "threads": config.recipe.threads or torch.get_num_threads(),
            "augmentation": encode(self.batches.resident.changes),
            "steps_per_epoch": self.steps,
        }
        if device.type == "cuda":
            described["device_name"] = torch.cuda.get_device_name(device)
        return described


def epoch_line(run: str, epoch: Epoch) -> dict[str, object]:
    """Return the numbers of an epoch that are printed, with the name of its run."""
    shown = ("kind", "epoch", "train_loss", "train_error", "test_loss", "test_error",
             "images_per_second")  # fmt: skip
    return {"run": run, **{name: getattr(epoch, name) for name in shown}}


def begun_config(folder: Path) -> TrainingConfig | None:
    """Return the config of a run that was begun in ``folder``; None if there is none.

    Raises ``DataError`` for a damaged file.
    """
    path = folder / CONFIG_FILE
    if not path.is_file():
        return None
    try:
        return decode(TrainingConfig, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise DataError("state_damaged", name=path.name) from error


def resumed(config: TrainingConfig, folder: Path) -> TrainingConfig:
    """Return the config with which a run goes on in ``folder``, or ``config`` for a new one.

    Raises
    ------
    OptionError
        If another recipe, data set or network was begun there.

    """
    begun = begun_config(folder)
    if begun is None:
        return config
    threads = begun.recipe.threads if config.device == begun.device else config.recipe.threads
    begun = replace(begun, device=config.device, recipe=replace(begun.recipe, threads=threads))
    if begun != replace(config, recipe=replace(config.recipe, threads=threads)):
        raise OptionError("twins_begun", folder=str(folder))
    return begun


def finished_epochs(folder: Path) -> int:
    """Return the number of epochs of the weights in ``folder``; 0 without weights."""
    try:
        metadata: Mapping[str, object] = read_weights(folder / "residual.safetensors").metadata
    except (CheckpointError, OSError):
        return 0
    curve = metadata.get("curve")
    return len(curve) if isinstance(curve, list) else 0


def is_unfinished(folder: Path) -> bool:
    """Whether a run was begun in ``folder`` and has not all of its epochs."""
    begun = begun_config(folder)
    return begun is not None and finished_epochs(folder) < begun.recipe.epochs


def _write(path: Path, text: str) -> None:
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")
