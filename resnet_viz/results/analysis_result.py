"""``Analysis`` with its pictures."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from resnet_viz import records
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.results.notebook_html import with_picture

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from resnet_viz.figures.result_plots import Photo


@dataclass(frozen=True, eq=False, repr=False)
class Analysis(records.Analysis):
    """One pass over a batch: features, Grad-CAM maps and gradient norms of every layer.

    The fields are those of ``records.Analysis``.
    """

    def figure(self, image: int = 0) -> "go.Figure":
        """Return gradient norms by layer of one image as a Plotly figure."""
        from resnet_viz.figures.result_plots import norms_figure

        return norms_figure(self, image)

    def overlay(
        self,
        layer: str | None = None,
        *,
        image: int = 0,
        photo: "Photo | None" = None,
        opacity: float = 0.55,
    ) -> Image.Image:
        """Return a layer's Grad-CAM over the picture.

        Parameters
        ----------
        layer
            The layer; by default the last one with a map.
        image
            Index of the image in the batch.
        photo
            What to draw on, with the framing that the network saw; by default what it saw, with its
            usual normalisation undone.
        opacity
            Of the map, 0 to 1.

        """
        from resnet_viz.figures.result_plots import analysis_picture

        return analysis_picture(self, layer, image, photo, opacity)

    def _repr_html_(self) -> str:
        from resnet_viz.figures.result_plots import contact_sheet

        try:
            names = list(self.cams)
            spread = [names[round(k * (len(names) - 1) / 5)] for k in range(6)] if names else []
            pictures = [self.overlay(name) for name in dict.fromkeys(spread)]
            return with_picture(repr(self), contact_sheet(pictures, 6) if pictures else None)
        except ResnetVizError:  # signals have no picture
            return with_picture(repr(self), None)
