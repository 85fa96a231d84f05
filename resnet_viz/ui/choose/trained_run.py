"""A training of this machine as a source of weights for other pages."""

from dataclasses import dataclass
from pathlib import Path

from resnet_viz.checkpoints.ref import NetworkRef, trained_ref
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.queue.run import Run
from resnet_viz.records import DataShown, Role
from resnet_viz.ui.choose.own_runs import find
from resnet_viz.ui.frame.session import RUN


@dataclass(frozen=True)
class TrainedRun:
    """A run with weights; ``network`` is the residual one of a pair, with its twin."""

    id: str
    network: NetworkRef

    @property
    def files(self) -> dict[Role, Path]:
        """The weights files by kind; of a pair, the residual network's first."""
        weights = self.network.weights
        if weights.path is None:
            return {}
        files = {Path(weights.path).stem: weights.path}
        if weights.twin is not None and weights.twin.path is not None:
            files[weights.twin.path.stem] = weights.twin.path
        return {Role(stem): path for stem, path in files.items()}


def chosen_run() -> TrainedRun | None:
    """Return the run named in the address, if it has weights."""
    return find_run(RUN.in_address) if RUN.in_address else None


def find_run(run_id: str) -> TrainedRun | None:
    """Return a run by its id, if it is a training with weights."""
    try:
        return trained_run(find(run_id))
    except ResnetVizError:
        return None


def trained_run(run: Run) -> TrainedRun | None:
    """Return the networks of a run; None before its first epoch."""
    if run.kind != "train":
        return None
    data = runs.events(run.id, DataShown)
    if not data:
        return None
    network = trained_ref(runs.folder(run.id), run.title, data[0].classes)
    return None if network is None else TrainedRun(run.id, network)
