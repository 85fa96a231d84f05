"""A preview of a training before it starts: its data and its estimated time."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import UInt8

from resnet_viz.training.config import TrainingConfig
from resnet_viz.training.course import Course
from resnet_viz.training.initial_weights import begin
from resnet_viz.training.watched import augmented_samples

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
    samples: tuple[UInt8[np.ndarray, "height width 3"], ...]  # one image, augmented eight times
    seconds: float  # estimated time of the whole run

    @property
    def nbytes(self) -> int:
        """Size of the samples in bytes."""
        return sum(sample.nbytes for sample in self.samples)


def preview(config: TrainingConfig) -> Preview:
    """Load the data and time ten steps of a discarded training.

    Raises the same errors as the training itself.
    """
    with _all_cores():
        return _preview(config)


def _preview(config: TrainingConfig) -> Preview:
    networks, whole = begin(config)
    course = Course.of(networks, whole, config.recipe, every=10**9)
    return Preview(
        classes=whole.classes,
        train=tuple(course.data.train.counts(len(whole.classes))),
        test=tuple(course.data.test.counts(len(whole.classes))),
        whole=(len(whole.train), len(whole.test)),
        skipped=whole.skipped,
        samples=tuple(augmented_samples(whole, config.recipe.augmentation, config.recipe.seed)),
        seconds=_seconds(course),
    )


@contextmanager
def _all_cores() -> Iterator[None]:
    """Context that uses all CPU cores, as a worker does."""
    before = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


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
