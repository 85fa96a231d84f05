"""A training between two steps, to a file and back: it then goes on as if never interrupted."""

import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from resnet_viz.core.converter import decode_all, encode
from resnet_viz.core.errors import DataError
from resnet_viz.core.saving import whole_file
from resnet_viz.records import Epoch

STATE_SCHEMA = 1


@dataclass(frozen=True)
class TrainingState:
    """Weights, optimiser, generator, sums and place in the run; and the curve so far.

    Made by ``Course.state``, put back by ``Course.attach``.
    """

    tensors: dict[str, Tensor]
    epoch: int  # finished
    step: int  # finished within the epoch
    curve: tuple[Epoch, ...]

    def save(self, path: Path) -> None:
        """Write it whole: the file is the old state or the new one, whatever happens."""
        place = {"schema_version": STATE_SCHEMA, "epoch": self.epoch, "step": self.step}
        metadata = {
            "place": json.dumps(place),
            "curve": json.dumps(encode(self.curve)),
        }
        with whole_file(path, durable=True) as partial:
            save_file(self.tensors, partial, metadata=metadata)

    @classmethod
    def load(cls, path: Path) -> "TrainingState":
        """The inverse of ``save``; ``DataError`` for a file that is damaged or of another kind."""
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
