"""The numbers of the plots as tables."""

import pandas as pd

from resnet_viz.records import Comparison
from resnet_viz.report.comparison_document import side_document


def predictions_table(comparison: Comparison) -> pd.DataFrame:
    """One row per class and network: kind, network, rank, label, probability."""
    rows = [
        {"role": side.role.value, "network": side.spec.name, "rank": rank, **prediction}
        for side in comparison.sides
        for rank, prediction in enumerate(side_document(side)["predictions"], 1)
    ]
    return pd.DataFrame(rows)


def layers_table(comparison: Comparison) -> pd.DataFrame:
    """One row per layer and network: shape, gradient norms and the map's maximum."""
    rows = [
        {
            "role": side.role.value,
            "network": side.spec.name,
            **layer,
            "shape": "x".join(map(str, layer["shape"])),
        }
        for side in comparison.sides
        for layer in side_document(side)["layers"]
    ]
    return pd.DataFrame(rows)


def cam_table(comparison: Comparison, layer: str) -> pd.DataFrame:
    """The raw Grad-CAM of one layer: kind, row, column, unscaled value."""
    rows = [
        {"role": side.role.value, "layer": name, "row": y, "column": x, "value": float(value)}
        for side, name in comparison.sides.join(comparison.layers_at(layer))
        if name in side.analysis.cams
        for y, line in enumerate(side.analysis.cams[name][0])
        for x, value in enumerate(line)
    ]
    return pd.DataFrame(rows)
