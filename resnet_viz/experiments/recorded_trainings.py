"""Recorded trainings in the repository: gradient norms at some steps, errors of each epoch."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from json import loads
from pathlib import Path

from resnet_viz.core.converter import decode_all
from resnet_viz.core.places import ASSETS
from resnet_viz.records import Epoch, TrainingStep
from resnet_viz.spec import NetworkSpec

#: Fields of an epoch that the oldest recordings lack.
_NOT_RECORDED: Mapping[str, object] = {
    "learning_rate": math.nan,
    "recall": (),
    "dead_channels": {},
    "weight_changes": {},
}


@dataclass(frozen=True, eq=False)
class Training:
    """The recorded training of twins or of one network."""

    name: str  # of the file
    specs: Mapping[str, NetworkSpec]  # by kind, residual or plain
    steps: tuple[TrainingStep, ...]  # the recorded ones
    curves: Mapping[str, Sequence[Epoch]]  # by kind
    steps_per_epoch: int
    data: str  # name of the data set
    epochs: int
    device: str

    def watched(self) -> list[int]:
        """Return the numbers of the recorded steps, in order."""
        return sorted({step.step for step in self.steps})

    def at(self, step: int) -> list[TrainingStep]:
        """Return the records of one step, the residual network's first."""
        return sorted((s for s in self.steps if s.step == step), key=lambda s: s.kind != "residual")


@cache
def bundled_trainings() -> tuple[Training, ...]:
    """Return the recorded trainings in the repository, shallow before deep."""
    trainings = [_read(path.stem, path.read_text("utf-8")) for path in _files()]
    return tuple(sorted(trainings, key=lambda t: next(iter(t.specs.values())).depth))


def _files() -> Iterator[Path]:
    return (ASSETS / "recordings").glob("*.json")


def _read(name: str, text: str) -> Training:
    document = loads(text)
    training = document["training"]
    curves = {
        kind: decode_all(Epoch, [{**_NOT_RECORDED, "kind": kind, **row} for row in curve])
        for kind, curve in document["curves"].items()
    }
    return Training(
        name=name,
        specs={kind: NetworkSpec.from_dict(spec) for kind, spec in document["specs"].items()},
        steps=decode_all(TrainingStep, document["steps"]),
        curves=curves,
        steps_per_epoch=document["steps_per_epoch"],
        data=training["data"],
        epochs=max(map(len, curves.values())),
        device=training["device"],
    )
