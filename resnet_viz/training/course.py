"""The training loop: a generator of records, for one network or for two networks in parallel."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import torch
from torch import Tensor, nn

from resnet_viz.core.errors import TrainingError
from resnet_viz.datasets.dataset import Dataset
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.preprocess import normalise
from resnet_viz.records import (
    ANY_TWO,
    Epoch,
    Pair,
    Role,
    TrainingPoint,
    TrainingProgress,
    TrainingStep,
    roles_of,
)
from resnet_viz.training.augment import augmented, image_changes, pad
from resnet_viz.training.learner import Learner
from resnet_viz.training.recipe import Recipe
from resnet_viz.training.state import TrainingState

#: Steps that are always measured for the plot over time; the first ones change the weights most.
FIRST_STEPS = (0, 1, 2, 5, 10, 20, 50, 100)
#: The most points of a run's training curve; a short run has one for every step.
MOST_POINTS = 1000


def train(
    networks: nn.Module | Pair[nn.Module],
    data: Dataset,
    recipe: Recipe,
    *,
    every: int = 50,
    state: TrainingState | None = None,
) -> Generator[TrainingStep | TrainingPoint | TrainingProgress | Epoch, None, None]:
    """Train one network, or both networks of a pair on the same batches, in place.

    The caller may stop at any record. The result depends only on recipe, data and initial weights;
    on a CPU it is bit-identical if the recipe fixes the number of threads.

    Parameters
    ----------
    networks
        One network or a pair, on the device to train on.
    data
        Training and test images.
    recipe
        Optimiser, schedule and everything else that decides the result.
    every
        Number of steps between two measured steps.
    state
        The result of ``Course.state`` for the same networks, data and recipe, to resume from.

    Yields
    ------
    TrainingStep or TrainingPoint or TrainingProgress or Epoch
        ``TrainingProgress`` after every step; ``TrainingPoint`` after every step too, or after
        some if there are more than ``MOST_POINTS``; one ``TrainingStep`` per network at
        ``FIRST_STEPS``, at the first step of an epoch and every ``every`` steps; one ``Epoch`` per
        network after every epoch.

    Raises
    ------
    TrainingError
        If a loss is not finite.

    """
    course = Course.of(networks, data, recipe, every=every)
    if state is not None:
        course.attach(state)
    yield from course.run()


@dataclass
class Course:
    """The complete state of a training, with the loop that advances it."""

    networks: Mapping[str, nn.Module]
    data: Dataset
    recipe: Recipe
    every: int
    epoch: int = 0  # finished epochs
    step: int = 0  # finished steps of the current epoch
    curve: tuple[Epoch, ...] = ()
    learners: list[Learner] = field(init=False)
    generator: torch.Generator = field(init=False)
    order: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.learners = [Learner(k, n, self.recipe) for k, n in self.networks.items()]
        self.device = self.learners[0].device
        self.changes = image_changes(self.recipe, self.data)
        mean, shift = self.data.preprocessing.mean, self.changes.shift
        self.padded = pad(self.data.train.images, mean, shift).to(self.device)
        self.labels = self.data.train.labels.to(self.device)
        self.steps = -(-len(self.labels) // self.recipe.batch_size)
        self.shuffle()

    @classmethod
    def of(
        cls, networks: nn.Module | Pair[nn.Module], data: Dataset, recipe: Recipe, *, every: int
    ) -> "Course":
        """Create the course of one network or a pair, at its first step."""
        if isinstance(networks, Pair):
            named = {role.value: network for role, network in _roles(networks).join(networks)}
        else:
            kind = networks.spec.kind.value if isinstance(networks, ResNet) else "network"
            named = {kind: networks}
        return cls(
            named, data.subset(recipe.images, recipe.test_images, recipe.seed), recipe, every
        )

    def state(self) -> TrainingState:
        """Return a copy of everything that is needed to resume from this step."""
        tensors = {"generator": self.generator.get_state()}
        for learner in self.learners:
            for name, value in learner.tensors().items():
                tensors[f"{learner.kind}/{name}"] = value.detach().cpu().clone().contiguous()
        return TrainingState(tensors, self.epoch, self.step, self.curve)

    def attach(self, state: TrainingState) -> None:
        """Resume from the state of a course with the same networks, data and recipe."""
        self.epoch, self.step, self.curve = state.epoch, state.step, state.curve
        self.shuffle()
        self.generator.set_state(state.tensors["generator"])
        for learner in self.learners:
            prefix = f"{learner.kind}/"
            tensors = {n.removeprefix(prefix): v for n, v in state.tensors.items()
                   if n.startswith(prefix)}  # fmt: skip
            learner.restore(tensors)

    def shuffle(self) -> None:
        """Set the order of the current epoch and the generator of its crops and flips."""
        self.generator = torch.Generator().manual_seed(self.recipe.seed * 100_003 + self.epoch)
        self.order = torch.randperm(len(self.labels), generator=self.generator).to(self.device)

    def run(
        self,
    ) -> Generator[TrainingStep | TrainingPoint | TrainingProgress | Epoch, None, None]:
        """Train to the end; at every record ``state()`` can be saved to resume from."""
        with ExitStack() as stack:
            pool = self._pool(stack)
            map_: Callable[..., Iterator[Any]] = pool.map if pool else map
            while self.epoch < self.recipe.epochs:
                if self.step == 0:
                    for learner in self.learners:
                        learner.start_epoch()
                started, first = time.perf_counter(), self.step
                while self.step < self.steps:
                    yield from self._one_step(map_)
                images = min((self.steps - first) * self.recipe.batch_size, len(self.labels))
                speed = images / max(time.perf_counter() - started, 1e-9)
                number, count = self.epoch + 1, len(self.labels)
                records = list(
                    map_(lambda one: one.epoch(number, self.data, count, speed), self.learners)  # noqa: B023
                )
                self.epoch, self.step, self.curve = self.epoch + 1, 0, (*self.curve, *records)
                self.shuffle()
                yield from records

    def _one_step(
        self, map_: Callable[..., Iterator[TrainingStep | None]]
    ) -> Generator[TrainingStep | TrainingPoint | TrainingProgress, None, None]:
        size = self.recipe.batch_size
        chosen = self.order[self.step * size : (self.step + 1) * size]
        pixels = augmented(self.padded, chosen, self.changes, self.generator)
        images = normalise(pixels, self.data.preprocessing)
        rate = self.recipe.learning_rate_at(self._progress())
        number = self.epoch * self.steps + self.step
        is_due = self.step == 0 or number in FIRST_STEPS or number % self.every == 0
        measured_number = number if is_due else None

        def learn(learner: Learner) -> TrainingStep | None:
            return learner.learn(images, self.labels[chosen], rate, measured_number)

        measured = [step for step in map_(learn, self.learners) if step is not None]
        self.step += 1
        for step in measured:
            if not isfinite(step.loss):
                raise TrainingError("training_diverged", kind=step.kind, epoch=self.epoch + 1)
        yield from measured
        if number % -(-self.steps * self.recipe.epochs // MOST_POINTS) == 0:
            yield self._point(number, len(chosen))
        yield TrainingProgress(self.epoch + 1, self.recipe.epochs, self.step, self.steps)

    def _point(self, step: int, images: int) -> TrainingPoint:
        last = {learner.kind: [v.item() for v in learner.last] for learner in self.learners}
        return TrainingPoint(
            step=step,
            losses={kind: loss for kind, (loss, _) in last.items()},
            errors={kind: wrong / images for kind, (_, wrong) in last.items()},
        )

    @property
    def threads(self) -> int:
        """CPU threads of the run, those of the process unless the recipe fixes them."""
        return self.recipe.threads or torch.get_num_threads()

    @property
    def threads_each(self) -> int:
        """CPU threads that compute one network; their number decides how sums are rounded."""
        return max(1, self.threads // len(self.learners))

    def _pool(self, stack: ExitStack) -> ThreadPoolExecutor | None:
        """Return a pool whose threads compute as the recipe says, or None if this one does.

        The networks of a pair are trained in parallel, each with half of the threads, because small
        batches scale badly over all of them; one after the other in a process that has one thread.
        """
        if self.device.type != "cpu":
            return None
        workers = len(self.learners) if min(self.threads, torch.get_num_threads()) > 1 else 1
        if workers == 1 and self.threads_each == torch.get_num_threads():
            return None
        return stack.enter_context(
            ThreadPoolExecutor(workers, "twin", torch.set_num_threads, (self.threads_each,))
        )

    def _progress(self) -> float:
        return (self.epoch + self.step / self.steps) / self.recipe.epochs


def _roles(networks: Pair[nn.Module]) -> Pair[Role]:
    """Return the roles by the specs; networks without a spec are "first" and "second"."""
    first, second = networks
    if isinstance(first, ResNet) and isinstance(second, ResNet):
        return roles_of(Pair(first.spec, second.spec))
    return ANY_TWO
