"""Show, in a minute, that captured steps are right and how fast they are."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from resnet_viz.core.saving import library_versions
from resnet_viz.networks.resnet.model import build
from resnet_viz.training.all_twins import Fleet, resident_data
from resnet_viz.training.captured_step import Engine, engine_for, prepare_device, wait_for
from resnet_viz.training.config import TrainingConfig
from resnet_viz.training.recipe import Precision
from resnet_viz.training.resident_data import EpochBatches
from resnet_viz.training.resident_learner import ResidentLearner
from resnet_viz.training.twins_table import Twins

_STEPS = 20  # of the comparison
_ROUNDS, _PART = 7, 10  # timed parts of the loop and of the floor, in turn; steps of each
_SHARE = 0.25  # of the difference that bf16 makes; a wrong rate or batch makes more than all of it


@dataclass(frozen=True)
class Equality:
    """How far captured steps of one network are from the same steps run one by one."""

    network: str
    difference: float  # ||W' - W|| / ||W - W0|| after the steps
    rounding: float  # the same between float32 and bfloat16, both run one by one
    largest_loss_difference: float  # of the mean loss of the steps, nats

    @property
    def holds(self) -> bool:
        """Whether the difference is far below that of another number format."""
        return self.difference <= _SHARE * self.rounding


@dataclass(frozen=True)
class TwinsProof:
    """What ``prove`` found."""

    device: str
    precision: str
    engine: str
    versions: dict[str, str]
    steps: int  # of the comparison
    equal: tuple[Equality, ...]
    networks: int  # trained at once in the measurement of speed
    images_per_second: float  # of all networks together
    share_of_floor: float  # of steps on one fixed batch, with nothing but the step
    seconds_per_epoch: float  # of the larger data set, with evaluation
    seconds_to_prepare: float  # for data and captures

    @property
    def holds(self) -> bool:
        """Whether captured steps are those run one by one, for every network."""
        return all(one.holds for one in self.equal)

    def to_dict(self) -> dict[str, object]:
        """JSON values."""
        return {**asdict(self), "holds": self.holds}


def prove(
    rows: Sequence[Twins],
    *,
    recipe: str = "published",
    changes: Mapping[str, object] | None = None,
    device: str = "cpu",
    make_engine: Callable[[torch.device], Engine] = engine_for,
) -> TwinsProof:
    """Compare captured steps with eager ones, and measure the speed of all rows at once.

    Nothing is written. In the comparison, the rate rises to a tenth of the recipe's: at the full
    rate the first steps of a network amplify every rounding.

    Parameters
    ----------
    rows
        The pairs whose speed is measured; the smallest one is compared.
    recipe
        A key of ``RECIPES``.
    changes
        Values that replace those of the recipe; None values are ignored.
    device
        Device to measure.
    make_engine
        Makes the engine that is compared with running the steps one by one.

    """
    place = torch.device(device)
    configs = {row.run: row.config(recipe, changes or {}, device) for row in rows}
    smallest = min(rows, key=lambda row: row.depth)
    equal = _equality(configs[smallest.run], place, make_engine)
    started = time.perf_counter()
    fleet = Fleet.of(configs, Path(), place, make_engine=make_engine)
    fleet.prepare()
    prepared = time.perf_counter() - started
    speed, share = _speed(fleet, make_engine)
    return TwinsProof(
        device=torch.cuda.get_device_name(place) if place.type == "cuda" else device,
        precision=configs[smallest.run].recipe.precision,
        engine=type(make_engine(place)).__name__,
        versions=library_versions(),
        steps=_STEPS,
        equal=equal,
        networks=sum(len(run.learners) for run in fleet.runs),
        images_per_second=round(speed, 1),
        share_of_floor=round(share, 3),
        seconds_per_epoch=round(fleet.seconds_per_epoch(), 2),
        seconds_to_prepare=round(prepared, 1),
    )


def _equality(
    config: TrainingConfig, device: torch.device, make_engine: Callable[[torch.device], Engine]
) -> tuple[Equality, ...]:
    prepare_device(device)
    was_benchmark, torch.backends.cudnn.benchmark = torch.backends.cudnn.benchmark, False
    torch.backends.cudnn.deterministic = True  # so that a difference is not that of an algorithm
    try:
        batches = EpochBatches(resident_data(config.data, config.recipe, device), config.recipe)
        batches.load(0)
        return tuple(_equal(config, kind, batches, make_engine) for kind in config.specs())
    finally:
        torch.backends.cudnn.deterministic = False
        torch.backends.cudnn.benchmark = was_benchmark


def _equal(
    config: TrainingConfig,
    kind: str,
    batches: EpochBatches,
    make_engine: Callable[[torch.device], Engine],
) -> Equality:
    device = batches.resident.device
    steps = min(_STEPS, batches.steps)
    spec = batches.resident.data.fitted(config.specs()[kind])

    def trained(precision: Precision, engine: Engine) -> tuple[Tensor, Tensor]:
        recipe = replace(config.recipe, precision=precision)
        network = build(spec, seed=recipe.seed).to(device)
        learner = ResidentLearner(kind, network, recipe, batches, engine)
        first = _flat(learner)
        learner.set_rates([recipe.learning_rate / 10 * min(1, (step + 1) / steps)
                   for step in range(batches.steps)])  # fmt: skip
        wait_for(device)
        learner.prepare()
        learner.start_epoch()
        wait_for(device)
        losses = []
        for step in range(steps):
            learner.take_step(step, measured=False)
            engine.finish()
            losses.append(learner.loss_sum.clone())
        wait_for(device)
        return torch.cat([first[None], _flat(learner)[None]]), torch.stack(losses)

    own = config.recipe.precision
    other = Precision.FP32 if own is Precision.BF16 else Precision.BF16
    (first, eager), eager_losses = trained(own, Engine())
    (_, captured), losses = trained(own, make_engine(device))
    (_, rounded), _ = trained(other, Engine())
    moved = (eager - first).norm()
    loss_difference = (losses - eager_losses).abs().max() / batches.recipe.batch_size
    return Equality(
        network=spec.name,
        difference=float((captured - eager).norm() / moved),
        rounding=float((rounded - eager).norm() / moved),
        largest_loss_difference=float(loss_difference),
    )


def _flat(learner: ResidentLearner) -> Tensor:
    return torch.cat([p.detach().flatten() for p in learner.network.parameters()]).clone()


def _speed(fleet: Fleet, make_engine: Callable[[torch.device], Engine]) -> tuple[float, float]:
    """Return images a second of all networks, and the share of the floor, measured in turn."""
    floors = [_floor(learner, make_engine(fleet.device))
              for run in fleet.runs for learner in run.learners]  # fmt: skip
    loop, floor = [], []
    for _ in range(_ROUNDS + 1):
        for run in fleet.runs:
            run.start_epoch()
        wait_for(fleet.device)
        part = range(min(_PART, *(run.steps for run in fleet.runs)))
        started = time.perf_counter()
        fleet.steps(part)
        loop.append((time.perf_counter() - started) / len(part))
        started = time.perf_counter()
        for _ in part:
            for step in floors:
                step()
        wait_for(fleet.device)
        floor.append((time.perf_counter() - started) / len(part))
    images = sum(len(run.learners) * run.batches.size(0) for run in fleet.runs)
    shares = [bare / own for bare, own in zip(floor[1:], loop[1:], strict=True)]
    return images / median(loop[1:]), median(shares)


def _floor(learner: ResidentLearner, engine: Engine) -> Callable[[], None]:
    """Return a step of the same network and update on one fixed batch, and nothing else."""
    images, labels = learner.batches.batch(learner.within[: learner.batches.size(0)])

    def step() -> None:
        learner.update(images, labels)

    wait_for(learner.device)
    return engine.repeatable(step, learner.changed())
