"""Each channel's share in a Grad-CAM."""

import numpy as np

from resnet_viz.records import Analysis
from resnet_viz.records.features import ChannelShare


def channel_shares(analysis: Analysis, layer: str, *, image: int = 0) -> list[ChannelShare]:
    """Every channel's part in the layer's Grad-CAM, the largest share first.

    A blank map has no shares: they are zero, and the largest weights come first.
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
