"""A comparison report as a folder or a ZIP."""

import io
import zipfile
from pathlib import Path

from resnet_viz.core.saving import new_folder
from resnet_viz.core.text import Text
from resnet_viz.figures.opened_block import Spot
from resnet_viz.records import Comparison
from resnet_viz.report.comparison_files import report_files


def write_report(comparison: Comparison, folder: Path, *, layer: str | None, text: Text) -> None:
    """Write all files to a new folder; ``OutputError`` if it exists or cannot be written."""
    with new_folder(folder) as partial:
        for name, content in report_files(comparison, layer, text):
            (partial / name).write_bytes(content)


def report_archive(
    comparison: Comparison, *, layer: str | None, text: Text, spot: Spot | None = None
) -> bytes:
    """All files as one ZIP."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in report_files(comparison, layer, text, spot):
            archive.writestr(name, content)
    return buffer.getvalue()
