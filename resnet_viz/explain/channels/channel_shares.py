"""Each channel's share in a Grad-CAM."""

import numpy as np

from resnet_viz.records import Analysis
from resnet_viz.records.features import ChannelShare


def channel_shares(analysis: Analysis, layer: str, *, image: int = 0) -> list[ChannelShare]:
    """Every channel's share in the Grad-CAM of a layer, largest first; all shares add up to 1.

    The share is weight x activation, summed where the map is above zero, over the sum of the map.
    The shares of a blank map are zero; then the largest weights come first. ``image`` is a number
    in the batch.
    """
    feature, weights = analysis.features[layer][image], analysis.cam_weights[layer][image]
    cam = analysis.cams[layer][image]
    parts = weights * (feature * (cam > 0)).sum((1, 2))
    shares = parts / cam.sum() if cam.any() else np.zeros_like(parts)
    order = np.argsort(-(shares if cam.any() else np.abs(weights)), kind="stable")
    return [
        ChannelShare(
            int(k), float(weights[k]), float(shares[k]), float(feature[k].max()), feature[k]
        )
        for k in order
    ]
