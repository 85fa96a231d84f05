"""Fifteen hundred damaged files of every kind: one sentence each, soon, and nothing is run."""

import io
import json
import random
import time
import zipfile

import pytest
import torch
from safetensors.torch import save

from resnet_viz import build, load_checkpoint
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.places import ASSETS
from resnet_viz.datasets.class_folders import read_zip
from resnet_viz.networks.export.spec_file import spec_from_json, spec_to_json
from resnet_viz.pictures.decode import open_picture
from tests.checkpoints.saved_files import FILES, NARROW, SPEC
from tests.networks.unchecked import unchecked

pytestmark = pytest.mark.slow

COUNT = 250  # of each kind
LONGEST = 5.0  # seconds
PICTURE = (ASSETS / "samples" / "automobile.jpg").read_bytes()


def described():
    """A file of this library, whose metadata are changed, and not its tensors."""
    weights = build(SPEC, seed=0).state_dict()
    preprocessing = {"size": 16, "resize": 20, "mean": [0.1] * 3, "deviation": [0.4] * 3}
    metadata = {"spec": SPEC.to_dict(), "classes": ["a", "b", "c"], "preprocessing": preprocessing}
    return save(weights, {key: json.dumps(value) for key, value in metadata.items()})


def archive(compression):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as made:
        for name in ("cat/1.jpg", "cat/2.jpg", "dog/1.jpg", "dog/2.jpg"):
            made.writestr(name, PICTURE)
    return out.getvalue()


def weights(content, path):
    path.write_bytes(content)
    with unchecked():
        load_checkpoint(path, NARROW if content[:2] != b"{" else None)


def pictures(content, path):
    path.write_bytes(content)
    read_zip(path, size=16)


KINDS = {
    "jpeg": (PICTURE, lambda content, path: open_picture(content, "a.jpg")),
    "zip weights": (FILES["zip"], weights),
    "legacy weights": (FILES["legacy"], weights),
    "own weights": (described(), weights),
    "deflated set": (archive(zipfile.ZIP_DEFLATED), pictures),
    "lzma set": (archive(zipfile.ZIP_LZMA), pictures),
    "spec": (spec_to_json(SPEC).encode(), lambda content, path: spec_from_json(content, "a.json")),
}


def mutated(content, draw):
    """Flip, cut, repeat or overwrite; more often in the first bytes, where the structure is."""
    data = bytearray(content)
    for _ in range(draw.randint(1, 8)):
        reach = len(data) if draw.random() < 0.5 else min(len(data), 2000)
        at = draw.randrange(max(1, reach))
        match draw.randrange(4):
            case 0:
                data[at : at + 1] = bytes([draw.randrange(256)])
            case 1:
                del data[at : at + draw.randint(1, 64)]
            case 2:
                data[at:at] = data[at : at + draw.randint(1, 64)]
            case _:
                data[at : at + 8] = draw.choice([b"\xff" * 8, b"\0" * 8, b"9" * 8])
    return bytes(data)


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_read_or_refused_in_one_sentence(kind, tmp_path):
    content, read = KINDS[kind]
    torch.manual_seed(0)
    for seed in range(COUNT):
        damaged = mutated(content, random.Random(f"{kind} {seed}"))
        began, said = time.monotonic(), "."
        try:
            read(damaged, tmp_path / "a.file")
        except ResnetVizError as error:
            said = str(error)
        assert said.endswith("."), (kind, seed)
        assert time.monotonic() - began < LONGEST, (kind, seed)
