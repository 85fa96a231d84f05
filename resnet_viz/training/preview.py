"""What a training will be like, before it starts: its data, and how long it takes."""

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

_WARM_UP, _TIMED = 2, 8  # steps: the first ones allocate
_FORWARD_SHARE = 1 / 3  # of a training step


@dataclass(frozen=True, eq=False)
class Preview:
    """Data and time of a config. Seconds are extrapolated from ten steps on this machine."""

    classes: tuple[str, ...]
    train: tuple[int, ...]  # images of each class that are learned from
    test: tuple[int, ...]
    whole: tuple[int, int]  # images there are for training and testing
    skipped: tuple[str, ...]
    samples: tuple[UInt8[np.ndarray, "height width 3"], ...]  # one image, augmented eight times
    seconds: float  # of the whole run

    @property
    def nbytes(self) -> int:
        """Memory of the samples."""
        return sum(sample.nbytes for sample in self.samples)


def preview(config: TrainingConfig) -> Preview:
    """Load the data, take ten steps, throw them away; raises what the run itself would."""
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
    """As many threads as the worker will have, whatever this thread was given."""
    before = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _seconds(course: Course) -> float:
    records, taken = course.run(), []
    steps = min(course.steps, _WARM_UP + _TIMED)
    while course.step < steps and not course.epoch:
        before, started = course.step, time.perf_counter()
        next(records)
        if course.step > before:
            taken.append(time.perf_counter() - started)
    records.close()
    step = float(np.median(taken[_WARM_UP:] or taken))
    testing = len(course.data.test) / course.recipe.batch_size * _FORWARD_SHARE
    return course.recipe.epochs * step * (course.steps + testing)
