"""A preview of a training before it starts: its data and its estimated time."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from resnet_viz.records import ImageChanges
from resnet_viz.training.config import TrainingConfig
from resnet_viz.training.course import Course
from resnet_viz.training.cpu_threads import available_threads, fixed_threads
from resnet_viz.training.initial_weights import begin
from resnet_viz.training.recipe import Augmentation
from resnet_viz.training.watched import training_samples

_WARM_UP, _TIMED = 2, 8  # steps; memory is allocated in the first ones
_FORWARD_SHARE = 1 / 3  # time of a forward pass relative to a training step


@dataclass(frozen=True, eq=False)
class Preview:
    """Data and estimated time of a config, extrapolated from ten steps on this machine."""

    classes: tuple[str, ...]
    train: tuple[int, ...]  # training images per class
    test: tuple[int, ...]  # test images per class
    whole: tuple[int, int]  # training and test images in the whole data set
    skipped: tuple[str, ...]
    samples: tuple[UInt8[np.ndarray, "height width 3"], ...]  # see ``training_samples``
    changes: ImageChanges  # what the samples show
    why: str  # reason of the data set's own changes; empty if the recipe has others
    seconds: float  # estimated time of the whole run

    @property
    def nbytes(self) -> int:
        """Size of the samples in bytes."""
        return sum(sample.nbytes for sample in self.samples)


def preview_job(config: TrainingConfig) -> Iterator[Preview]:
    """Yield the preview, for a process of its own: uploaded data and weights may be hostile."""
    yield preview(config)


def preview(config: TrainingConfig) -> Preview:
    """Load the data and time ten steps of a discarded training.

    Raises the same errors as the training itself.
    """
    with fixed_threads(available_threads()):
        return _preview(config)


def _preview(config: TrainingConfig) -> Preview:
    networks, whole = begin(config)
    course = Course.of(networks, whole, config.recipe, every=10**9)
    is_own = config.recipe.augmentation is Augmentation.OWN
    return Preview(
        classes=whole.classes,
        train=tuple(course.data.train.counts(len(whole.classes))),
        test=tuple(course.data.test.counts(len(whole.classes))),
        whole=(len(whole.train), len(whole.test)),
        skipped=whole.skipped,
        samples=tuple(training_samples(whole, course.changes, config.recipe.seed)),
        changes=course.changes,
        why=whole.own_augmentation.why if is_own else "",
        seconds=_seconds(course),
    )


def _seconds(course: Course) -> float:
    records, durations = course.run(), []
    steps = min(course.steps, _WARM_UP + _TIMED)
    while course.step < steps and not course.epoch:
        before, started = course.step, time.perf_counter()
        next(records)
        if course.step > before:
            durations.append(time.perf_counter() - started)
    records.close()
    step_seconds = float(np.median(durations[_WARM_UP:] or durations))
    test_steps = len(course.data.test) / course.recipe.batch_size * _FORWARD_SHARE
    return course.recipe.epochs * step_seconds * (course.steps + test_steps)
