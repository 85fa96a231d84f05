"""``copy_job``: an untrusted weights file rewritten as a plain one of this library.

A process of its own reads and identifies the file. What it writes is a safetensors file with spec,
classes and preprocessing, which the server can load without unpickling or guessing anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from resnet_viz.checkpoints.load_file import load_checkpoint
from resnet_viz.checkpoints.reading.file_metadata import file_metadata
from resnet_viz.checkpoints.save import save_checkpoint, write_safetensors
from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import CheckpointError
from resnet_viz.spec import NetworkSpec


@dataclass(frozen=True)
class CopyConfig:
    """The file, its network if that is known, and where the copy goes."""

    path: str
    out: str
    spec: NetworkSpec | None = None


@dataclass(frozen=True)
class SafeCopy:
    """The plain file that was written."""

    path: str


def copy_job(config: CopyConfig) -> Iterator[SafeCopy]:
    """Read a weights file, load its network, and write it plainly.

    Raises ``CheckpointError`` as ``load_checkpoint`` does.
    """
    source, out = Path(config.path), Path(config.out)
    loaded = load_checkpoint(source, config.spec)
    if own := _own_metadata(source):
        write_safetensors(out, loaded.network.state_dict(), own)
    else:
        save_checkpoint(
            out,
            loaded.network,
            classes=loaded.classes,
            preprocessing=loaded.preprocessing,
            training=loaded.training,
            curve=(),
        )
    yield SafeCopy(str(out))


def _own_metadata(source: Path) -> JsonObject:
    """What a file of this library says about itself; empty for any other file."""
    try:
        metadata = file_metadata(source)
    except CheckpointError:
        return {}
    return metadata if "spec" in metadata else {}
