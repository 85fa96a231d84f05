"""Activation maximisation as a background run."""

import base64
from collections.abc import Generator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from resnet_viz.checkpoints.load import load
from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.core.errors import NetworkError
from resnet_viz.explain.channels.maximise import Ascent, Goal, maximise
from resnet_viz.pictures.decode import to_png

STATE_FILE = "ascent.npz"


def maximise_job(config: Mapping[str, Any], folder: Path) -> Generator[dict[str, Any], None, None]:
    """``config``: ``network`` (a ``NetworkRef``), ``goal`` (a ``Goal``), ``device``.

    Events by key: ``step/N`` (activation), ``picture/N`` (the picture as PNG in base64 and its
    activation) and ``progress``. The state is kept with every picture and at a stop.
    """
    loaded = load(NetworkRef.from_dict(config["network"]), config["device"])
    if not isinstance(loaded, LoadedNetwork):
        raise NetworkError("network_own_only", name=loaded.spec.name)
    goal, kept = Goal(**config["goal"]), folder / STATE_FILE
    size, channels = loaded.network.spec.input_size, loaded.network.spec.input_channels
    state = Ascent.load(kept) if kept.is_file() else Ascent.begin(size, channels, goal.seed)
    try:
        for step in maximise(loaded, goal, state):
            told = {n: v for n, v in asdict(step).items() if n != "pixels"}
            yield {"key": f"step/{step.step:04d}", **told}
            if step.pixels is not None:
                png = base64.b64encode(to_png(step.pixels)).decode()
                yield {"key": f"picture/{step.step:04d}", "png": png, **told}
                state.save(kept)
            yield {"key": "progress", "done": step.step, "total": step.steps}
    finally:
        state.save(kept)
