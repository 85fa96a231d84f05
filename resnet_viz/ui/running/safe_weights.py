"""Uploaded weights as files that this process may load: read and rewritten in the sandbox."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.checkpoints.safe_copy import CopyConfig, SafeCopy
from resnet_viz.checkpoints.weights import Weights
from resnet_viz.core.places import home
from resnet_viz.jobs.job import Job
from resnet_viz.jobs.sandbox import BRIEF, Sandbox
from resnet_viz.pictures.decode import safe_name
from resnet_viz.spec import NetworkSpec
from resnet_viz.ui.frame.engines import diagnoses
from resnet_viz.ui.running.waiting import wait


def safe_ref(ref: NetworkRef, label: str) -> NetworkRef:
    """Return the network with every uploaded file replaced by its plain copy.

    Waits for the copies, with ``label`` beside the spinner. Files that this server wrote itself,
    bundled ones and those of trainings, stay as they are.

    Raises ``CheckpointError`` if a file cannot be used, ``WorkerError`` if reading it crashed.
    """
    return replace(ref, weights=_safe(ref.weights, ref.design, label))


def _safe(weights: Weights, spec: NetworkSpec | None, label: str) -> Weights:
    of = None if weights.of is None else _safe(weights.of, spec, label)
    twin_spec = None if spec is None else spec.plain()
    twin = None if weights.twin is None else _safe(weights.twin, twin_spec, label)
    path = weights.path
    if path is not None and _uploaded(path):
        title = weights.title or path.name
        path = Path(wait(diagnoses().start(_copying(path, spec, title)), label).path)
        return replace(weights, path=path, title=title, of=of, twin=twin)
    return replace(weights, of=of, twin=twin)


def _uploaded(path: Path) -> bool:
    return path.resolve().is_relative_to((home() / "uploads").resolve())


def _copying(path: Path, spec: NetworkSpec | None, title: str) -> Job[SafeCopy]:
    """The copy stands beside the upload, so that both are deleted together."""
    changed = path.stat().st_mtime_ns if path.is_file() else 0
    mark = blake2b(f"{path.name} {changed} {spec!r}".encode(), digest_size=8).hexdigest()
    out = path.parent / f"plain-{mark}.safetensors"
    sandbox = Sandbox("weights", safe_name(title), BRIEF)

    def records() -> Iterator[SafeCopy]:
        if out.is_file():
            yield SafeCopy(str(out))
        else:
            yield from sandbox.records(CopyConfig(str(path), str(out), spec))

    return Job(("safe_copy", str(out), out.is_file()), records, cancel=sandbox.kill)
