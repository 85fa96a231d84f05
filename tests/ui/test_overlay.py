"""The browser draws the same overlay as the library, up to rounding."""

import base64

import numpy as np

from resnet_viz.checkpoints.load import load_two
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.figures.comparison_drawing import cam_range
from resnet_viz.figures.stage_drawing import stage_maps
from resnet_viz.pictures.samples import sample_picture, samples
from resnet_viz.probe.compare import compare


def test_every_layers_map_travels_in_255ths_of_its_highest_value():
    pair = load_two(NetworkRef.parse("resnet20:random"))
    found = compare(pair, sample_picture(next(iter(samples()))))
    cams = stage_maps(found)
    for side, sent in found.sides.join(cams):
        assert list(sent["maps"]) == found.layers
        for layer, (height, width, high, packed) in sent["maps"].items():
            cam = side.analysis.cams[layer][0]
            assert (height, width) == cam.shape
            assert high == cam.max()
            steps = np.frombuffer(base64.b64decode(packed), np.uint8).reshape(cam.shape)
            assert np.abs(steps * (high / 255) - cam).max() <= high / 255 / 2 * 1.001
            shared = cam_range(found, layer, own=False)
            assert sent["shared"][layer] == shared.first.high == shared.second.high
