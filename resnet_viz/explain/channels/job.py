"""Activation maximisation as a background run."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from resnet_viz.checkpoints.load import load
from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.core.errors import NetworkError
from resnet_viz.explain.channels.maximise import Ascent, Goal, maximise
from resnet_viz.pictures.decode import to_png
from resnet_viz.records import Counted
from resnet_viz.records.features import ActivationPicture, ActivationReached

STATE_FILE = "ascent.npz"

MaximiseEvent: TypeAlias = ActivationReached | ActivationPicture | Counted


@dataclass(frozen=True)
class MaximiseConfig:
    """Which channel of which network; ``digest`` is the network's fingerprint."""

    network: NetworkRef
    goal: Goal
    digest: str = ""
    device: str = "cpu"


def maximise_job(config: MaximiseConfig, folder: Path) -> Generator[MaximiseEvent, None, None]:
    """Make a channel's picture, from the beginning or from the state in ``folder``.

    The state is saved with every picture and when the run stops.
    """
    loaded = load(config.network, config.device)
    if not isinstance(loaded, LoadedNetwork):
        raise NetworkError("network_own_only", name=loaded.spec.name)
    goal, state_file = config.goal, folder / STATE_FILE
    size, channels = loaded.network.spec.input_size, loaded.network.spec.input_channels
    state = (
        Ascent.load(state_file) if state_file.is_file() else Ascent.begin(size, channels, goal.seed)
    )
    try:
        for step in maximise(loaded, goal, state):
            yield ActivationReached(step.step, step.steps, step.activation)
            if step.pixels is not None and step.still is not None:
                png = to_png(step.pixels)
                yield ActivationPicture(step.step, step.steps, step.activation, step.still, png)
                state.save(state_file)
            yield Counted(step.step, step.steps)
    finally:
        state.save(state_file)
