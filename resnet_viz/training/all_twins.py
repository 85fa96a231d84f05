"""Train many pairs of networks at once, in one process."""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import torch

from resnet_viz.core.errors import OutputError, TrainingError
from resnet_viz.datasets.load_dataset import load_dataset
from resnet_viz.records import TrainingEvent, TrainingProgress
from resnet_viz.training.augment import image_changes
from resnet_viz.training.captured_step import Engine, engine_for, prepare_device, wait_for
from resnet_viz.training.config import TrainingConfig
from resnet_viz.training.cpu_threads import fixed_threads
from resnet_viz.training.recipe import Recipe
from resnet_viz.training.resident_data import EpochBatches, ResidentData
from resnet_viz.training.twin_run import TwinRun, begun_config, finished_epochs, resumed
from resnet_viz.training.twins_table import Twins

ALL = "all"  # name of the events that concern every run
_WARM_UP, _TIMED = 5, 20  # steps of every network, to estimate the time of an epoch
_USED = 0.9  # share of the time that is planned; the rest is for saving, and what slows down

#: Makes the engine of a network on a device.
MakeEngine = Callable[[torch.device], Engine]


def train_all_twins(
    out: Path,
    rows: Sequence[Twins],
    *,
    recipe: str = "published",
    changes: Mapping[str, object] | None = None,
    device: str = "cpu",
    minutes: float | None = None,
    save_every: int = 5,
) -> Generator[tuple[str, TrainingEvent], None, None]:
    """Train pairs at once, step by step in turn, each of them to the same number of epochs.

    Writes a folder for each row to ``out``. Called again with the same folder, it resumes what was
    interrupted and skips what is finished. The caller may stop at any event.

    Parameters
    ----------
    out
        Output folder, created if missing.
    rows
        The pairs to train.
    recipe
        A key of ``RECIPES``.
    changes
        Values that replace those of the recipe; None values are ignored. Without ``epochs`` there
        are as many as the runs in ``out`` have, as fit into ``minutes``, or as the recipe says.
    device
        Device to train on, such as "cpu" or "cuda".
    minutes
        Longest duration of this call. It ends between two epochs and can be called again.
    save_every
        Epochs between two saved states.

    Yields
    ------
    tuple
        The name of a run and its ``TrainingStep`` or ``Epoch``; ``ALL`` and ``TrainingProgress``
        after each step.

    Raises
    ------
    OptionError
        If runs with another recipe were begun in ``out``.
    OutputError
        If ``out`` cannot be created.
    TrainingError
        If a loss was not finite; raised when all other runs are finished.

    """
    started = time.monotonic()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError("folder_not_writable", folder=str(out)) from error
    begun = next(filter(None, map(begun_config, sorted(out.iterdir()))), None)
    changes = dict(changes or {})
    must_fit = changes.get("epochs") is None and begun is None and minutes is not None
    if changes.get("epochs") is None and begun is not None:
        changes["epochs"] = begun.recipe.epochs
    configs = {row.run: resumed(row.config(recipe, changes, device), out / row.run) for row in rows}
    todo = {run: config for run, config in configs.items()
            if finished_epochs(out / run) < config.recipe.epochs}  # fmt: skip
    if not todo:
        return
    deadline = None if minutes is None else started + 60 * minutes
    fleet = Fleet.of(todo, out, torch.device(device), save_every=save_every, deadline=deadline)
    fleet.prepare()
    with fixed_threads(fleet.threads):
        if must_fit:
            fleet.set_epochs(fleet.epochs_that_fit())
        fleet.begin()
        yield from fleet.run()


def resident_data(name: str, recipe: Recipe, device: torch.device) -> ResidentData:
    """Load a data set, as far as the recipe uses it, to a device."""
    data = load_dataset(name).subset(recipe.images, recipe.test_images, recipe.seed)
    return ResidentData(data, image_changes(recipe, data), device)


def _images_of(config: TrainingConfig) -> tuple[str, int]:
    """Name the images of a run: a part of a data set is another one with another seed."""
    return config.data, config.recipe.seed if config.recipe.images else 0


@dataclass
class Fleet:
    """Runs that are trained at once."""

    runs: list[TwinRun]
    device: torch.device
    save_every: int = 5
    deadline: float | None = None  # of ``time.monotonic``
    failures: list[TrainingError] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        configs: dict[str, TrainingConfig],
        out: Path,
        device: torch.device,
        *,
        save_every: int = 5,
        deadline: float | None = None,
        make_engine: MakeEngine = engine_for,
    ) -> "Fleet":
        """Load the data and build the networks of runs that write to folders in ``out``."""
        prepare_device(device)
        wanted = {_images_of(config): config.recipe for config in configs.values()}
        resident = {key: resident_data(key[0], recipe, device) for key, recipe in wanted.items()}
        batches = {
            (config.data, config.recipe.seed): EpochBatches(
                resident[_images_of(config)], config.recipe
            )
            for config in configs.values()
        }
        runs = [
            TwinRun(name, config, out / name, batches[config.data, config.recipe.seed],
                    tuple(make_engine(device) for _ in config.specs()))
            for name, config in configs.items()
        ]  # fmt: skip
        return cls(runs, device, save_every, deadline)

    @property
    def threads(self) -> int:
        """CPU threads that the runs compute with."""
        return self.runs[0].config.recipe.threads or torch.get_num_threads()

    def prepare(self) -> None:
        """Capture the steps of all networks."""
        self._load(0)
        for run in self.runs:
            run.start_epoch()
            for learner in run.learners:
                learner.prepare()

    def begin(self) -> None:
        """Resume every run from its folder."""
        for run in self.runs:
            run.begin()

    def set_epochs(self, epochs: int) -> None:
        """Set the number of epochs of all runs."""
        for run in self.runs:
            recipe = replace(run.config.recipe, epochs=epochs)
            run.config = replace(run.config, recipe=recipe)

    def epochs_that_fit(self) -> int:
        """Measure how long an epoch takes; return how many fit until the deadline.

        The networks are afterwards as they were. The result is at least 1 and at most the recipe's
        number.
        """
        most = self.runs[0].config.recipe.epochs
        if self.deadline is None:
            return most
        seconds = self.seconds_per_epoch()
        return max(1, min(most, int(_USED * (self.deadline - time.monotonic()) / seconds)))

    def seconds_per_epoch(self) -> float:
        """Measure how long an epoch of all runs takes, with evaluation, in seconds."""
        before = [run.state() for run in self.runs]
        shortest = min(run.steps for run in self.runs)
        warm_up, timed = min(_WARM_UP, shortest // 3), min(_TIMED, shortest - shortest // 3)
        for run in self.runs:
            run.start_epoch()
        self.steps(range(warm_up))
        started = time.perf_counter()
        self.steps(range(warm_up, warm_up + timed))
        step = (time.perf_counter() - started) / timed
        started = time.perf_counter()
        for run in self.runs:
            run.finish_epoch(1.0)
        evaluation = time.perf_counter() - started
        for run, state in zip(self.runs, before, strict=True):
            run.attach(state)
        wait_for(self.device)
        return step * max(run.steps for run in self.runs) + evaluation

    def steps(self, steps: range) -> None:
        """Take these steps of the current epoch with every network, and wait for them."""
        for step in steps:
            for run in self.runs:
                for learner in run.learners:
                    learner.take_step(step, measured=False)
        wait_for(self.device)

    def run(self) -> Generator[tuple[str, TrainingEvent], None, None]:
        """Train to the end or to the deadline; whenever the caller stops, all states are saved."""
        longest = 0.0  # seconds of an epoch, evaluation included
        try:
            for number in count(1):
                due = self._due()
                if not due or self._is_late(longest):
                    break
                started = time.monotonic()
                yield from self._one_epoch(due)
                if number % self.save_every == 0:
                    self._save()
                longest = max(longest, time.monotonic() - started)
        except GeneratorExit:
            for run in self.runs:
                run.save_state()
            raise
        self._save()
        if self.failures:
            raise self.failures[0]

    def _due(self) -> list[TwinRun]:
        """Return the runs that are furthest behind: those that were interrupted catch up first."""
        open_runs = [run for run in self.runs if not run.is_done]
        epoch = min((run.epoch for run in open_runs), default=0)
        return [run for run in open_runs if run.epoch == epoch]

    def _is_late(self, longest: float) -> bool:
        return self.deadline is not None and time.monotonic() + longest > self.deadline

    def _save(self) -> None:
        """Save everything of the runs that have a finished epoch."""
        for run in self.runs:
            if run.curve:
                run.save()

    def _load(self, epoch: int) -> None:
        wait_for(self.device)
        for batches in {id(run.batches): run.batches for run in self.runs}.values():
            batches.load(epoch)
        wait_for(self.device)

    def _one_epoch(self, due: list[TwinRun]) -> Generator[tuple[str, TrainingEvent], None, None]:
        epoch, epochs = due[0].epoch, due[0].config.recipe.epochs
        self._load(epoch)
        for run in due:
            run.start_epoch()
        wait_for(self.device)
        started, first = time.perf_counter(), {run.name: run.step for run in due}
        rounds = max(run.steps for run in due)
        for step in range(min(first.values()), rounds):
            for run in due:
                if run.step == step and step < run.steps:
                    for measured in run.take_step():
                        run.append(measured)
                        yield run.name, measured
            yield ALL, TrainingProgress(epoch + 1, epochs, step + 1, rounds)
        wait_for(self.device)
        seconds = max(time.perf_counter() - started, 1e-9)
        records = []
        for run in due:
            images = (run.steps - first[run.name]) * run.config.recipe.batch_size
            speed = min(images, len(run.batches.resident)) / seconds
            try:
                records += [(run.name, record) for record in run.finish_epoch(speed)]
            except TrainingError as error:
                self._drop(run, error)
        yield from records

    def _drop(self, run: TwinRun, error: TrainingError) -> None:
        """Go on without a run whose loss is not finite; its last saved state stays."""
        self.runs.remove(run)
        self.failures.append(error)
