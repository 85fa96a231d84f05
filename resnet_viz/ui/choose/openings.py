"""Networks that other pages hand to Compare, Explain and Train.

A training or a design is named in the address, so a link opens it anywhere on this machine. A file
is available only in its session.
"""

import base64
import binascii
import json
import zlib
from hashlib import blake2b
from pathlib import Path

import streamlit as st

from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.checkpoints.weights import Weights
from resnet_viz.core.errors import SpecError
from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import network_title
from resnet_viz.networks.export.spec_file import spec_from_json
from resnet_viz.records import WeightSource
from resnet_viz.spec import NetworkSpec, Stem
from resnet_viz.ui.choose.trained_run import TrainedRun, find_run
from resnet_viz.ui.frame.session import (
    DESIGN,
    LAYER,
    LAYER_AMONG,
    NETWORK,
    OPENED,
    SECOND_NETWORK,
    TRAIN_NETWORK,
)

_RUN, _FILE = "run-", "file-"
_MOST_ADDRESS, _MOST_JSON = 4_000, 64_000  # characters, bytes

DEEPEST = 200  # the largest depth whose blocks fit into one drawing
_SCRIPTS = {"compare": "app.py", "explain": "pages/2_Explain.py", "train": "pages/4_Train.py"}


def openings() -> dict[str, NetworkRef]:
    """Return the opened networks by id, newest last, including those named in the address."""
    opened: dict[str, NetworkRef] = OPENED.setdefault({})
    for key in (NETWORK, SECOND_NETWORK):
        wanted = key.get() or key.in_address
        if wanted.startswith(_RUN) and wanted not in opened:
            run = find_run(wanted.removeprefix(_RUN))
            if run is not None:
                opened[wanted] = run.network
    if (spec := unpacked(DESIGN.in_address)) is not None:
        opened.setdefault(design_id(spec), NetworkRef(spec))
    return opened


def open_design(page: str, spec: NetworkSpec, text: Text) -> None:
    """Show a button that opens a design in "compare", "explain" or "train".

    The button is disabled where the page cannot take the design: Compare and Explain show up to 200
    layers and take one or three input channels; Train takes small images.
    """
    small = spec.stem is Stem.CIFAR if page == "train" else spec.depth <= DEEPEST
    fits = small and spec.input_channels in (1, 3)
    if st.button(
        text(f"openings.{page}"),
        key=f"open_design_{page}",
        width="stretch",
        disabled=not fits,
        help=None if fits else text(f"openings.{page}_off"),
    ):
        key = TRAIN_NETWORK if page == "train" else NETWORK
        OPENED.setdefault({})[design_id(spec)] = NetworkRef(spec)
        key.set(design_id(spec))
        address = {key.name: design_id(spec), DESIGN.name: packed(spec), "lang": text.language}
        st.switch_page(_SCRIPTS[page], query_params=address)


def open_checkpoint(
    page: str,
    path: Path,
    spec: NetworkSpec,
    title: str,
    layer: str | None,
    text: Text,
    classes: tuple[str, ...] = (),
) -> None:
    """Show a button that opens a weights file in "compare" or "explain", at a layer."""
    place = f"{_FILE}{blake2b(str(path).encode(), digest_size=6).hexdigest()}"
    if st.button(text(f"openings.{page}"), key=f"open_{page}_{place}_{layer}"):
        weights = Weights(WeightSource.FILE, path=path, title=title)
        choice = NetworkRef(spec, weights, classes)
        OPENED.setdefault({})[place] = choice
        NETWORK.set(place)
        if layer is not None:
            LAYER.set(layer)
            LAYER_AMONG.pop()  # chosen by name
        st.switch_page(_SCRIPTS[page], query_params={"lang": text.language})


def run_address(run: TrainedRun) -> str:
    """Return the id of a training in the address."""
    return f"{_RUN}{run.id}"


def opening_label(choice: NetworkRef, text: Text) -> str:
    """Return the label of an opened network in a list."""
    title = network_title(choice.spec, text)
    if choice.weights.source is WeightSource.RANDOM:
        return text("openings.design", network=title)
    return text("openings.trained", network=title, title=choice.title)


def design_id(spec: NetworkSpec) -> str:
    """Return a design's short id for lists and the address."""
    return f"{DESIGN.name}-{blake2b(repr(spec).encode(), digest_size=4).hexdigest()}"


def packed(spec: NetworkSpec) -> str:
    """Encode a spec for the address."""
    plain = json.dumps(spec.to_dict(), separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(zlib.compress(plain, 9)).decode().rstrip("=")


def unpacked(letters: str) -> NetworkSpec | None:
    """Decode ``packed``. Returns None for anything else; unpacks at most 64 kB."""
    if not 0 < len(letters) <= _MOST_ADDRESS:
        return None
    try:
        data = base64.urlsafe_b64decode(letters + "=" * (-len(letters) % 4))
        return spec_from_json(zlib.decompressobj().decompress(data, _MOST_JSON))
    except (binascii.Error, ValueError, zlib.error, SpecError):
        return None
