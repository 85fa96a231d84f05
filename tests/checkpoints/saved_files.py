"""Checkpoints for tests: a small network, saved in several forms."""

import io

import torch

from resnet_viz import NetworkSpec, build
from resnet_viz.checkpoints.save import save_checkpoint
from resnet_viz.pictures.preprocess import Preprocessing
from resnet_viz.records import Epoch

SPEC = NetworkSpec(depths=(1, 2), widths=(4, 8), input_size=16, classes=3)
NARROW = NetworkSpec(depths=(1,), widths=(2,), classes=2)
EPOCH = Epoch("residual", 1, 2.5, 0.9, 2.4, 0.8, 100.0, 0.1, (0.2,), {}, {})


def save(path, network=None, **fields):
    values = {
        "classes": ("a", "b", "c"),
        "preprocessing": Preprocessing(16, 20, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6)),
        "training": {"recipe": {"epochs": 1}, "seed": 7},
        "curve": [EPOCH],
    }
    save_checkpoint(path, network or build(SPEC, seed=7), **{**values, **fields})


def assert_equal_weights(one, other):
    assert one.keys() == other.keys()
    for key in one:
        assert torch.equal(one[key], other[key]), key


def saved(form):
    weights = build(NARROW, seed=0).state_dict()
    out = io.BytesIO()
    torch.save(weights, out, _use_new_zipfile_serialization=form == "zip")
    return out.getvalue()


#: A tiny network's weights by form of file.
FILES = {form: saved(form) for form in ("zip", "legacy")}
