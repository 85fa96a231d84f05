"""The files of a comparison report."""

from collections.abc import Iterator

from resnet_viz.core.errors import LayerError, close_matches
from resnet_viz.core.saving import to_json
from resnet_viz.core.tables import csv_text
from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import cam_overlays, cam_rows, feature_grids
from resnet_viz.figures.opened_block import Spot
from resnet_viz.pictures.decode import to_png
from resnet_viz.records import Comparison
from resnet_viz.report.comparison_document import comparison_document
from resnet_viz.report.comparison_html import page
from resnet_viz.report.comparison_tables import cam_table, layers_table, predictions_table

_OPACITY = 0.55


def report_files(
    comparison: Comparison, layer: str | None, text: Text, spot: Spot | None = None
) -> Iterator[tuple[str, bytes]]:
    """Every file of the report as name and content.

    ``report.json``, CSV tables, PNG pictures and ``report.html``; the pictures are of ``layer``, by
    default the first network's last block, opened at ``spot``. Raises ``LayerError`` unless both
    networks have a map of the layer.
    """
    chosen = _checked(comparison, layer)
    whole = {**comparison_document(comparison), "layer": chosen}
    yield "report.json", to_json(whole).encode()
    tables = {
        "predictions": predictions_table(comparison),
        "layers": layers_table(comparison),
        "grad_cam": cam_table(comparison, chosen),
    }
    for name, table in tables.items():
        yield f"{name}.csv", csv_text(table).encode()
    pictures = {
        "overlay": cam_overlays(comparison, chosen, opacity=_OPACITY, own=False),
        "all_blocks": cam_rows(comparison, chosen, opacity=_OPACITY, own=False, columns=9),
        "features": feature_grids(comparison, chosen),
    }
    yield "seen.png", to_png(comparison.seen)
    for name, pair in pictures.items():
        for drawn in pair:
            yield f"{name}_{drawn.role}.png", to_png(drawn.pixels)
    yield "report.html", page(comparison, chosen, pictures, text, spot or Spot()).encode()


def _checked(comparison: Comparison, layer: str | None) -> str:
    known = comparison.layers
    if layer is None:
        return comparison.sides.first.spec.blocks()[-1]
    if layer not in known:
        raise LayerError("layer_unknown", name=layer, known=close_matches(layer, known))
    return layer
