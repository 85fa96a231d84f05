"""The numbers of the plots as tables."""

import pandas as pd

from resnet_viz.records import Comparison
from resnet_viz.report.comparison_document import side_document


def predictions_table(comparison: Comparison) -> pd.DataFrame:
    """One row per class and network: kind, network, rank, label, probability."""
    rows = [
        {"kind": kind, "network": side.spec.name, "rank": rank, **prediction}
        for kind, side in comparison.named_sides
        for rank, prediction in enumerate(side_document(side)["predictions"], 1)
    ]
    return pd.DataFrame(rows)


def layers_table(comparison: Comparison) -> pd.DataFrame:
    """One row per layer and network: shape, gradient norms and the map's maximum."""
    rows = [
        {
            "kind": kind,
            "network": side.spec.name,
            **layer,
            "shape": "x".join(map(str, layer["shape"])),
        }
        for kind, side in comparison.named_sides
        for layer in side_document(side)["layers"]
    ]
    return pd.DataFrame(rows)


def cam_table(comparison: Comparison, layer: str) -> pd.DataFrame:
    """The raw Grad-CAM of one layer: kind, row, column, unscaled value."""
    rows = [
        {"kind": kind, "layer": name, "row": y, "column": x, "value": float(value)}
        for (kind, side), (_, name) in zip(
            comparison.named_sides, comparison.layers_at(layer).items(), strict=True
        )
        if name in side.analysis.cams
        for y, line in enumerate(side.analysis.cams[name][0])
        for x, value in enumerate(line)
    ]
    return pd.DataFrame(rows)
