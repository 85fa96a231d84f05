"""``Comparison`` with its pictures."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from resnet_viz import records
from resnet_viz.core.text import Text
from resnet_viz.results.analysis_result import Analysis
from resnet_viz.results.notebook_html import with_picture

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(records.Comparison):
    """Two networks on one picture; the fields are those of ``records.Comparison``."""

    def figure(self, quantity: str = "activation", *, language: str = "en") -> "go.Figure":
        """Return gradient norms by layer of both networks as a Plotly figure.

        ``quantity`` is "activation", "weight" or "relative" (of the gradient to the weights).
        """
        from resnet_viz.figures.result_plots import comparison_figure

        return comparison_figure(self, quantity, Text(language))

    def overlay(self, layer: str | None = None, *, opacity: float = 0.55) -> Image.Image:
        """Return a layer's Grad-CAM of both networks over the picture, on one colour range.

        By default the layer is the last that both have. The second network's layer is the one at
        the same place.
        """
        from resnet_viz.figures.comparison_drawing import cam_overlays
        from resnet_viz.figures.result_plots import contact_sheet

        name = self.layers[-1] if layer is None else layer
        both = cam_overlays(self, name, opacity=opacity, own=False)
        return contact_sheet([Image.fromarray(one.pixels) for one in both], 2)

    @classmethod
    def analysis_type(cls) -> type[Analysis]:
        """Return the class of the analyses."""
        return Analysis

    def _repr_html_(self) -> str:
        return with_picture(repr(self), self.overlay())
