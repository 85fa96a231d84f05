"""The choice of a checkpoint: an upload, a bundled network, or the networks of a training."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from resnet_viz.checkpoints.identifying.metadata import file_classes, file_spec
from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.core.errors import CheckpointError, SpecError
from resnet_viz.core.places import ASSETS
from resnet_viz.core.text import Text
from resnet_viz.datasets.load_dataset import known_datasets
from resnet_viz.datasets.local_sets import local_set_of
from resnet_viz.jobs.queue import runs
from resnet_viz.networks.export.spec_file import spec_from_json, spec_to_json
from resnet_viz.pictures.decode import safe_name
from resnet_viz.records import Role
from resnet_viz.spec import PRESETS
from resnet_viz.training.config import TrainingConfig
from resnet_viz.ui.choose.network_choice import bundled_title
from resnet_viz.ui.choose.trained_run import TrainedRun, chosen_run
from resnet_viz.ui.choose.uploads import kept_file
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import (
    CHECKPOINT,
    COPY,
    COPY_WIDGET,
    OTHER_COPY,
    OTHER_COPY_WIDGET,
    SECOND_CHECKPOINT,
    Choice,
)
from resnet_viz.ui.frame.words import md_escape

MOST_MEGABYTES = 500
_NONE, _FIND, _OWN = "none", "found", "own"
_OF_RUN = {Role.RESIDUAL: "run_residual", Role.PLAIN: "run_plain"}


@dataclass(frozen=True)
class CheckpointId:
    """A weights file; ``changed`` is its modification time if it may change."""

    name: str
    path: Path
    changed: str = ""
    network: str = ""  # a preset or a spec's JSON, overrides what the file says
    data: str = ""  # what it was trained on if not photographs: a set or a path on this machine
    copy: str = ""  # one of several sets of weights; the usual one by default

    @property
    def key(self) -> tuple[str, ...]:
        """The cache key of its diagnosis."""
        return (str(self.path), self.changed, self.network, self.copy, self.name)


def choose_checkpoints(text: Text) -> list[CheckpointId]:
    """Ask for none, one, or two checkpoints to compare."""
    run = chosen_run()
    first = _choose(CHECKPOINT, run, text)
    if first is None:
        return []
    if not st.toggle(text("debug.second"), key="second_on"):
        return [first]
    second = _choose(SECOND_CHECKPOINT, run, text)
    return [first] if second is None else [first, second]


def _choose(key: Choice, run: TrainedRun | None, text: Text) -> CheckpointId | None:
    # No list of suffixes: Streamlit answers a wrong one with an exception, we with a sentence.
    upload = st.file_uploader(
        text("debug.drop"),
        key=f"{key.name}_file",
        help=text("debug.drop_help"),
        max_upload_size=MOST_MEGABYTES,
    )
    left, right = st.columns(2)
    files = _files(run)
    known = {_NONE: text("debug.none"), **{n: bundled_title(n, text) for n in bundled_names()}}
    if run is not None:
        title = safe_name(run.network.title)
        known |= {n: text("debug.of_run", title=title, kind=text(f"roles.{role}"))
                  for n, (role, _) in files.items()}  # fmt: skip
    usual = _usual(key, files)
    key.restore(known, usual)
    chosen = left.selectbox(
        text("debug.try_bundled"),
        list(known),
        format_func=lambda name: known[name],
        key=key.name,
        disabled=upload is not None,
    )
    key.publish(usual)
    if upload is not None:
        network = _network(key.name, right, text)
        path = kept_file(upload)
        copy = COPY[_copy_place(path, key is SECOND_CHECKPOINT)].get()
        data = _data(path)
        return CheckpointId(safe_name(upload.name), path, network=network, copy=copy, data=data)
    return None if chosen in (None, _NONE) else _local(str(chosen), run)


def choose_copy(copies: Sequence[str], copy: str, path: Path, *, second: bool, text: Text) -> None:
    """Ask for one of a file's sets of weights; a change is read on the next run of the page."""
    place = _copy_place(path, second)

    def keep() -> None:
        COPY[place].set(COPY_WIDGET[place].get())

    st.selectbox(
        text("debug.copy"),
        list(copies),
        index=copies.index(copy) if copy in copies else 0,
        key=COPY_WIDGET[place].name,
        on_change=keep,
        help=text("debug.copy_help"),
    )


def choose_against(copies: Sequence[str], copy: str, path: Path, text: Text) -> None:
    """Offer the comparison with another set of weights of the file, in one click."""
    other = next(name for name in copies if name != copy)
    widget = OTHER_COPY_WIDGET[path.name]

    def keep() -> None:
        OTHER_COPY[path.name].set(other if widget.get() else "")

    st.toggle(text("debug.against", copy=md_escape(other)), key=widget.name, on_change=keep)


def is_other_copy(checkpoint: CheckpointId) -> bool:
    """Whether a checkpoint was added by ``with_other_copy``."""
    return bool(checkpoint.copy) and OTHER_COPY[checkpoint.path.name].get() == checkpoint.copy


def with_other_copy(chosen: list[CheckpointId]) -> list[CheckpointId]:
    """Add another set of weights of the only file, if it was asked for."""
    if len(chosen) != 1:
        return chosen
    (first,) = chosen
    other = OTHER_COPY[first.path.name].get()
    if not other or other == first.copy:
        return chosen
    return [first, replace(first, copy=other, name=f"{first.name}, {safe_name(other)}")]


def _copy_place(path: Path, second: bool) -> str:
    return f"{path.name}_{int(second)}"


def _files(run: TrainedRun | None) -> dict[str, tuple[Role, Path]]:
    """Return the networks of a training by their names on this page."""
    if run is None:
        return {}
    return {_OF_RUN[role]: (role, path) for role, path in run.files.items()}


def _usual(key: Choice, files: dict[str, tuple[Role, Path]]) -> str:
    """Return the default: the first network of a training, and as second the other."""
    names = [*files]
    if key is CHECKPOINT:
        return names[0] if names else _NONE
    return names[1] if len(names) > 1 else _NONE


def _local(name: str, run: TrainedRun | None) -> CheckpointId:
    files = _files(run)
    if run is None or name not in files:
        return CheckpointId(name, ASSETS / "checkpoints" / f"{name}.safetensors")
    role, path = files[name]
    changed = str(path.stat().st_mtime_ns)  # a training may go on
    name = f"{safe_name(run.network.title)}, {role}"
    return CheckpointId(name, path, changed, data=_data_of_run(run) or _data(path))


def _data(path: Path) -> str:
    """Return the data set on this machine that a file of this library was trained on."""
    try:
        known = local_set_of(file_spec(path), file_classes(path))
    except CheckpointError:  # not of this library
        return ""
    return "" if known in (None, "cifar10") else str(known)


def _data_of_run(run: TrainedRun) -> str:
    """Return the visitor's folder or ZIP that a training of this machine used."""
    config = runs.run(run.id).config
    if not isinstance(config, TrainingConfig) or config.data in known_datasets():
        return ""
    return config.data if os.path.exists(config.data) else ""


def _network(key: str, place: "st.delta_generator.DeltaGenerator", text: Text) -> str:
    chosen = place.selectbox(
        text("debug.network"),
        [_FIND, _OWN, *PRESETS],
        format_func=lambda n: text(f"debug.network_{n}") if n in (_FIND, _OWN) else n,
        key=f"{key}_network",
        help=text("debug.network_help"),
    )
    if chosen == _OWN:
        return _own_spec(key, place, text)
    return "" if chosen in (None, _FIND) else str(chosen)


def _own_spec(key: str, place: "st.delta_generator.DeltaGenerator", text: Text) -> str:
    """Return the JSON of an uploaded spec; "" if there is none or it is invalid."""
    upload = place.file_uploader(text("debug.network_spec"), key=f"{key}_spec", max_upload_size=1)
    if upload is None:
        return ""
    try:
        return spec_to_json(spec_from_json(upload.getvalue(), safe_name(upload.name)))
    except SpecError as error:
        show_error(error, text)
        return ""
