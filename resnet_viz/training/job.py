"""A training as a background run: events while it learns, files that outlive it."""

import json
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from resnet_viz.checkpoints.save import save_checkpoint
from resnet_viz.core.converter import decode, encode
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.records import Epoch, Progress, Step
from resnet_viz.training.config import Plan
from resnet_viz.training.course import Course
from resnet_viz.training.evaluate import evaluate
from resnet_viz.training.initial_weights import begin
from resnet_viz.training.state import TrainingState
from resnet_viz.training.watched import data_event, watched_event

STATE_FILE, STEPS_FILE = "state.safetensors", "steps.jsonl"
_SAVE_EVERY = 60.0  # seconds; what a killed worker loses at most


def train_job(config: Mapping[str, Any], folder: Path) -> Generator[dict[str, Any], None, None]:
    """Train what a ``Plan`` says, from the beginning or from the state in ``folder``.

    Events by key: ``data``, ``step/KIND/N``, ``epoch/KIND/N``, ``watched/N``, ``progress`` and, at
    the end, ``result/KIND``. Files: ``KIND.safetensors`` after every epoch, ``steps.jsonl``,
    ``state.safetensors`` to go on from.
    """
    plan = decode(Plan, config)
    networks, data = begin(plan)
    course = Course.of(networks, data, plan.recipe, every=plan.every)
    state_file = folder / STATE_FILE
    if state_file.is_file():
        course.attach(TrainingState.load(state_file))
    yield data_event(course.data, data)
    for epoch in course.curve:  # once more, for an epoch that was saved and not yet told
        yield _epoch_event(epoch)
    saved = time.monotonic()
    try:
        for record in course.run():
            if isinstance(record, Step):
                _append(folder / STEPS_FILE, record)
            if isinstance(record, Epoch) and record is course.curve[-1]:
                _save_networks(plan, course, folder)
            if isinstance(record, Epoch) or time.monotonic() - saved > _SAVE_EVERY:
                course.state().save(state_file)
                saved = time.monotonic()
            yield _event(record)
            if isinstance(record, Epoch) and record is course.curve[-1]:
                yield watched_event(course)
    except GeneratorExit:
        course.state().save(state_file)
        raise
    yield from _results(course)


def steps_of(folder: Path) -> list[Step]:
    """The measured steps of a run, each once, in order."""
    try:
        lines = (folder / STEPS_FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    rows: dict[tuple[int, str], Step] = {}
    for line in lines:
        try:
            step = Step(**json.loads(line))
        except (ValueError, TypeError):
            continue  # the line that a killed worker was writing; the step was done again
        rows[step.step, step.kind] = step
    return [rows[key] for key in sorted(rows)]


def _event(record: Step | Progress | Epoch) -> dict[str, Any]:
    match record:
        case Step():
            return {"key": f"step/{record.kind}/{record.step}", **asdict(record)}
        case Progress():
            return {"key": "progress", **asdict(record)}
        case Epoch():
            return _epoch_event(record)


def _epoch_event(epoch: Epoch) -> dict[str, Any]:
    return {"key": f"epoch/{epoch.kind}/{epoch.epoch}", **asdict(epoch)}


def _append(path: Path, step: Step) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(step)) + "\n")


def _save_networks(plan: Plan, course: Course, folder: Path) -> None:
    told = {"data": plan.data, "recipe": encode(plan.recipe), "start": str(plan.start),
            "frozen": list(plan.frozen), "pair": plan.pair, "device": plan.device,
            "threads": torch.get_num_threads(), "steps_per_epoch": course.steps}  # fmt: skip
    for learner in course.learners:
        assert isinstance(learner.network, ResNet)
        save_checkpoint(
            folder / f"{learner.kind}.safetensors",
            learner.network,
            classes=course.data.classes,
            preprocessing=course.data.preprocessing,
            training=told,
            curve=[epoch for epoch in course.curve if epoch.kind == learner.kind],
        )


def _results(course: Course) -> Iterator[dict[str, Any]]:
    for learner in course.learners:
        result = evaluate(learner.network, course.data.test, course.data.preprocessing)
        yield {
            "key": f"result/{learner.kind}",
            "kind": learner.kind,
            "test_images": len(course.data.test),
            "error": result.error,
            "top5_error": result.top5_error,
            "recall": list(result.recall),
            "precision": list(result.precision),
            "confusion": result.confusion.tolist(),
        }
