"""Choosing a checkpoint: the user's own file, or a bundled network."""

from dataclasses import dataclass
from hashlib import blake2b

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from resnet_viz.checkpoints.bundled import bundled_names
from resnet_viz.pictures import safe_name
from resnet_viz.spec import PRESETS
from resnet_viz.text import Text
from resnet_viz.ui.address import publish, restore

MOST_MEGABYTES = 500
_NONE, _FIND = "none", "find"


@dataclass(frozen=True)
class CheckpointId:
    """A bundled network by name, or an upload by its digest; ``upload`` is the widget's key."""

    name: str
    bundled: str = ""
    digest: str = ""
    upload: str = ""
    network: str = ""  # a preset, where the user knows better than the file


def choose_checkpoints(text: Text) -> list[CheckpointId]:
    """None, one, or two to be put side by side."""
    first = _choose("checkpoint", text)
    if first is None:
        return []
    if not st.toggle(text("debug.second"), key="second_on"):
        return [first]
    second = _choose("second", text)
    return [first] if second is None else [first, second]


def _choose(key: str, text: Text) -> CheckpointId | None:
    # No list of suffixes: Streamlit answers a wrong one with an exception, we with a sentence.
    upload = st.file_uploader(
        text("debug.drop"),
        key=f"{key}_file",
        help=text("debug.drop_help"),
        max_upload_size=MOST_MEGABYTES,
    )
    left, right = st.columns(2)
    known = [_NONE, *bundled_names()]
    restore(key, known, _NONE)
    bundled = left.selectbox(
        text("debug.try_bundled"),
        known,
        format_func=lambda name: text("debug.none") if name == _NONE else name,
        key=key,
        disabled=upload is not None,
    )
    publish(key, _NONE)
    network = _network(key, right, text) if upload is not None else ""
    if upload is not None:
        return CheckpointId(
            safe_name(upload.name), digest=_digest(upload), upload=f"{key}_file", network=network
        )
    return (
        CheckpointId(str(bundled), bundled=str(bundled)) if bundled not in (None, _NONE) else None
    )


def _network(key: str, place: "st.delta_generator.DeltaGenerator", text: Text) -> str:
    chosen = place.selectbox(
        text("debug.network"),
        [_FIND, *PRESETS],
        format_func=lambda name: text("debug.network_found") if name == _FIND else name,
        key=f"{key}_network",
        help=text("debug.network_help"),
    )
    return "" if chosen in (None, _FIND) else str(chosen)


def _digest(upload: UploadedFile) -> str:
    return blake2b(upload.getbuffer(), digest_size=16).hexdigest()
