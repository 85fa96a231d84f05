"""The runs that the visitor of a page may see and change; on a machine of one's own, all.

Pages list, find, start and change runs only by these functions.
"""

import hmac
import secrets
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from resnet_viz.core.errors import ResnetVizError, RunError
from resnet_viz.core.text import Text
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.queue.run import Run
from resnet_viz.training.config import TrainingConfig
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.serving import serving
from resnet_viz.ui.frame.visitor import is_teacher, owner, shared_keys

P = ParamSpec("P")


def listed() -> list[Run]:
    """Return the runs that this visitor may see, newest first."""
    return [run for run in runs.listed() if may_see(run)]


def find(run_id: str) -> Run:
    """Return a run; ``RunError`` if there is none, or none that this visitor may see."""
    run = runs.run(run_id)
    if not may_see(run):
        raise RunError("run_unknown", run=run_id[:80])
    return run


def may_change(run: Run) -> bool:
    """Whether this visitor may rename, stop, resume, share or delete a run."""
    return not serving().apart or run.owner == owner() or is_teacher()


def may_see(run: Run) -> bool:
    """Whether a run is this visitor's own, or shared by a link that they have opened."""
    keys = shared_keys() if run.share else frozenset()
    shared = any(hmac.compare_digest(key.encode(), run.share.encode()) for key in keys)
    return shared or may_change(run)


def submit(kind: str, config: object, *, title: str, device: str = "cpu") -> str:
    """Queue a run of this visitor, as ``runs.submit``; ``RunError`` beyond their quota."""
    if serving().apart and not is_teacher():
        _check_quota(config)
    return runs.submit(kind, config, title=title, device=device, owner=owner())


def _check_quota(config: object) -> None:
    quotas, mine = serving().quotas, owner()
    own = [run for run in runs.listed() if run.owner == mine]
    if sum(run.state.active for run in own) >= quotas.active_runs:
        raise RunError("quota_active", most=quotas.active_runs)
    if len(own) >= quotas.kept_runs:
        raise RunError("quota_kept", most=quotas.kept_runs)
    if isinstance(config, TrainingConfig) and config.recipe.epochs > quotas.epochs:
        raise RunError("quota_epochs", epochs=config.recipe.epochs, most=quotas.epochs)


def act(
    text: Text, action: Callable[Concatenate[str, P], object], run_id: str,
    *arguments: P.args, **options: P.kwargs,
) -> None:  # fmt: skip
    """Do what a button says to a run, or say why not: it may be gone, or not this visitor's."""
    try:
        if not may_change(runs.run(run_id)):
            raise RunError("run_unknown", run=run_id[:80])
        action(run_id, *arguments, **options)
    except ResnetVizError as error:
        show_error(error, text)


def share(run_id: str) -> None:
    """Let everybody see a run who gets its link."""
    runs.share(run_id, secrets.token_urlsafe(12))


def unshare(run_id: str) -> None:
    """Let nobody else see a run any more."""
    runs.share(run_id, "")
