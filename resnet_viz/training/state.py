"""Saved state of a training between two steps, from which it resumes exactly."""

import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from resnet_viz.core.converter import decode_all, encode
from resnet_viz.core.errors import DataError
from resnet_viz.core.saving import whole_file
from resnet_viz.networks.safetensors_bytes import safetensors_bytes
from resnet_viz.records import Epoch

STATE_SCHEMA = 1


@dataclass(frozen=True)
class TrainingState:
    """Weights, optimiser, generator, sums, position in the run and the curve so far.

    Created by ``Course.state`` and restored by ``Course.attach``.
    """

    tensors: dict[str, Tensor]
    epoch: int  # finished epochs
    step: int  # finished steps of the current epoch
    curve: tuple[Epoch, ...]

    def save(self, path: Path) -> None:
        """Write the state atomically: an interrupted write leaves the old file unchanged."""
        place = {"schema_version": STATE_SCHEMA, "epoch": self.epoch, "step": self.step}
        metadata = {"place": place, "curve": encode(self.curve)}
        with whole_file(path, durable=True) as partial:
            partial.write_bytes(safetensors_bytes(self.tensors, metadata))

    @classmethod
    def load(cls, path: Path) -> "TrainingState":
        """Read a saved state; raise ``DataError`` if the file is damaged or of another kind."""
        try:
            with safe_open(path, "pt") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            place = json.loads(metadata["place"])
            curve = decode_all(Epoch, json.loads(metadata["curve"]))
            if place["schema_version"] != STATE_SCHEMA:
                raise ValueError(place["schema_version"])
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            raise DataError("state_damaged", name=path.name) from error
        return cls(tensors, place["epoch"], place["step"], curve)
