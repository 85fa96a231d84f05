"""A training as a background run: events while it learns, files that outlive it."""

import json
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import torch

from resnet_viz.checkpoints.save import save_checkpoint
from resnet_viz.core.converter import decode, encode
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.records import Epoch, TrainingEvent, TrainingResult, TrainingStep
from resnet_viz.training.config import TrainingConfig
from resnet_viz.training.course import Course
from resnet_viz.training.evaluate import evaluate
from resnet_viz.training.initial_weights import begin
from resnet_viz.training.state import TrainingState
from resnet_viz.training.watched import data_shown, watched_images

STATE_FILE, STEPS_FILE = "state.safetensors", "steps.jsonl"
_SAVE_EVERY = 60.0  # seconds; what a killed worker loses at most


def train_job(config: TrainingConfig, folder: Path) -> Generator[TrainingEvent, None, None]:
    """Train from the beginning, or from the state in ``folder``.

    Yields the data first, the results last. Files: ``KIND.safetensors`` after every epoch,
    ``steps.jsonl``, and ``state.safetensors`` to go on from.
    """
    networks, data = begin(config)
    course = Course.of(networks, data, config.recipe, every=config.every)
    state_file = folder / STATE_FILE
    if state_file.is_file():
        course.attach(TrainingState.load(state_file))
    yield data_shown(course.data, data)
    yield from course.curve  # once more, for an epoch that was saved and not yet reported
    saved = time.monotonic()
    try:
        for record in course.run():
            if isinstance(record, TrainingStep):
                _append(folder / STEPS_FILE, record)
            if isinstance(record, Epoch) and record is course.curve[-1]:
                _save_networks(config, course, folder)
            if isinstance(record, Epoch) or time.monotonic() - saved > _SAVE_EVERY:
                course.state().save(state_file)
                saved = time.monotonic()
            yield record
            if isinstance(record, Epoch) and record is course.curve[-1]:
                yield watched_images(course)
    except GeneratorExit:
        course.state().save(state_file)
        raise
    yield from _results(course)


def steps_of(folder: Path) -> list[TrainingStep]:
    """The measured steps of a run, each once, in order."""
    try:
        lines = (folder / STEPS_FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    rows: dict[tuple[int, str], TrainingStep] = {}
    for line in lines:
        try:
            step = decode(TrainingStep, json.loads(line))
        except ValueError:
            continue  # the line that a killed worker was writing; the step was done again
        rows[step.step, step.kind] = step
    return [rows[key] for key in sorted(rows)]


def _append(path: Path, step: TrainingStep) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(encode(step)) + "\n")


def _save_networks(config: TrainingConfig, course: Course, folder: Path) -> None:
    training = {"data": config.data, "recipe": encode(config.recipe), "start": str(config.start),
            "frozen": list(config.frozen), "pair": config.pair, "device": config.device,
            "threads": torch.get_num_threads(), "steps_per_epoch": course.steps}  # fmt: skip
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
