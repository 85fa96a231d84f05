"""The job that trains as a background run, with its files."""

import json
import time
from collections.abc import Generator, Iterator
from pathlib import Path, PurePath

from resnet_viz.checkpoints.save import save_checkpoint
from resnet_viz.core.converter import decode, encode
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.records import Epoch, TrainingEvent, TrainingResult, TrainingStep, WatchedImages
from resnet_viz.training.config import TrainingConfig
from resnet_viz.training.course import Course
from resnet_viz.training.cpu_threads import fixed_threads
from resnet_viz.training.evaluate import evaluate
from resnet_viz.training.initial_weights import begin
from resnet_viz.training.run_samples import save_samples
from resnet_viz.training.state import TrainingState
from resnet_viz.training.watched import data_shown, watched_images

STATE_FILE, STEPS_FILE = "state.safetensors", "steps.jsonl"
_SAVE_EVERY = 60.0  # seconds of work that a killed worker loses at most


def train_job(config: TrainingConfig, folder: Path) -> Generator[TrainingEvent, None, None]:
    """Train from the start, or resume from the state in ``folder``.

    Parameters
    ----------
    config
        The training to run.
    folder
        Receives ``samples.safetensors`` with test images, ``KIND.safetensors`` after every epoch,
        ``steps.jsonl``, and ``state.safetensors`` to resume from.

    Yields
    ------
    TrainingEvent
        A ``DataShown`` first, then the records of ``Course.run`` with ``WatchedImages`` before
        the first and after every epoch, and one ``TrainingResult`` per network last.

    """
    networks, data = begin(config)
    course = Course.of(networks, data, config.recipe, every=config.every)
    state_file = folder / STATE_FILE
    if state_file.is_file():
        course.attach(TrainingState.load(state_file))
    save_samples(course.data, folder)
    yield data_shown(course, data)
    if not course.epoch and not course.step:
        yield _watched(course)
    yield from course.curve  # again: the last epoch may have been saved but not reported
    last_saved = time.monotonic()
    try:
        for record in course.run():
            if isinstance(record, TrainingStep):
                _append(folder / STEPS_FILE, record)
            if isinstance(record, Epoch) and record is course.curve[-1]:
                _save_networks(config, course, folder)
            if isinstance(record, Epoch) or time.monotonic() - last_saved > _SAVE_EVERY:
                course.state().save(state_file)
                last_saved = time.monotonic()
            yield record
            if isinstance(record, Epoch) and record is course.curve[-1]:
                yield _watched(course)
    except GeneratorExit:
        course.state().save(state_file)
        raise
    with fixed_threads(course.threads_each):
        results = list(_results(course))
    yield from results


def steps_of(folder: Path) -> list[TrainingStep]:
    """Return the measured steps of a run in order, without duplicates."""
    try:
        lines = (folder / STEPS_FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    rows: dict[tuple[int, str], TrainingStep] = {}
    for line in lines:
        try:
            step = decode(TrainingStep, json.loads(line))
        except ValueError:
            continue  # a partial line of a killed worker; the step was repeated
        rows[step.step, step.kind] = step
    return [rows[key] for key in sorted(rows)]


def _watched(course: Course) -> WatchedImages:
    with fixed_threads(course.threads_each):
        return watched_images(course)


def _append(path: Path, step: TrainingStep) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(encode(step)) + "\n")


def _save_networks(config: TrainingConfig, course: Course, folder: Path) -> None:
    # The files are given away: they name data and weights, and no folder of this machine.
    start = config.start.path.name if config.start.path is not None else str(config.start)
    training = {"data": PurePath(config.data).name, "recipe": encode(config.recipe), "start": start,
            "frozen": list(config.frozen), "pair": config.pair, "device": config.device,
            "threads": course.threads, "augmentation": encode(course.changes),
            "steps_per_epoch": course.steps}  # fmt: skip
    for learner in course.learners:
        assert isinstance(learner.network, ResNet)
        save_checkpoint(
            folder / f"{learner.kind}.safetensors",
            learner.network,
            classes=course.data.classes,
            preprocessing=course.data.preprocessing,
            training=training,
            curve=[epoch for epoch in course.curve if epoch.kind == learner.kind],
        )


def _results(course: Course) -> Iterator[TrainingResult]:
    for learner in course.learners:
        result = evaluate(learner.network, course.data.test, course.data.preprocessing)
        yield TrainingResult(
            kind=learner.kind,
            test_images=len(course.data.test),
            error=result.error,
            top5_error=result.top5_error,
            recall=result.recall,
            precision=result.precision,
            confusion=result.confusion,
        )
