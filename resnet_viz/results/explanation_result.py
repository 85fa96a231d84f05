"""``Explanation`` and ``Explanations`` with their pictures."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from resnet_viz.core.errors import OptionError, ResnetVizError
from resnet_viz.records import explanation, explanations
from resnet_viz.results.notebook_html import with_picture

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from resnet_viz.figures.result_plots import Photo

_MOST_PICTURES = 12  # of many images in a notebook


@dataclass(frozen=True, eq=False, repr=False)
class Explanation(explanation.Explanation):
    """One method's map of one image; the fields are those of ``records.explanation``."""

    def figure(self, photo: "Photo | None" = None, *, opacity: float = 0.55) -> "go.Figure":
        """Return the map over the picture as a Plotly figure, with raw values under the pointer."""
        from resnet_viz.figures.result_plots import map_figure

        return map_figure(self, photo, opacity=opacity)

    def overlay(
        self,
        layer: str | None = None,
        *,
        photo: "Photo | None" = None,
        opacity: float = 0.55,
    ) -> Image.Image:
        """Return the map over the picture.

        Parameters
        ----------
        layer
            The layer of the map, if it is named; an explanation has no other.
        photo
            What to draw on, with the framing that the network saw; by default what it saw, with its
            usual normalisation undone.
        opacity
            Of the map, 0 to 1.

        """
        from resnet_viz.figures.result_plots import explanation_picture

        if layer is not None and layer != self.place:
            known = self.place or "-"
            raise OptionError("option_unknown", option="layer", value=layer, known=known)
        return explanation_picture(self, photo, opacity)

    def _repr_html_(self) -> str:
        from resnet_viz.figures.result_plots import background, contact_sheet

        try:
            over = self.overlay()
            pictures = [Image.fromarray(background(self.image, None)), over]
            return with_picture(repr(self), contact_sheet(pictures, 2))
        except ResnetVizError:  # a signal, or no image was kept
            return with_picture(repr(self), None)


@dataclass(frozen=True, eq=False, repr=False)
class Explanations(explanations.Explanations):
    """One method's maps of many images; a sequence of ``Explanation``.

    ``labels`` are the true classes, if they were given.
    """

    items: tuple[Explanation, ...]  # each can draw itself

    def figure(self, columns: int = 4) -> "go.Figure":
        """Return all overlays as one Plotly picture."""
        import numpy as np

        from resnet_viz.figures.result_plots import picture_figure

        return picture_figure(np.asarray(self.overlay(columns=columns)), repr(self))

    def overlay(
        self, layer: str | None = None, *, columns: int = 4, opacity: float = 0.55
    ) -> Image.Image:
        """Return every map over its picture on one sheet, each with its own colour range."""
        from resnet_viz.figures.result_plots import contact_sheet

        if not self.items:
            raise OptionError("overlay_no_image")
        return contact_sheet([one.overlay(layer, opacity=opacity) for one in self.items], columns)

    @classmethod
    def item_type(cls) -> type[Explanation]:
        """Return the class of the items."""
        return Explanation

    def _repr_html_(self) -> str:
        try:
            picture = self[:_MOST_PICTURES].overlay()
        except ResnetVizError:
            picture = None
        return with_picture(repr(self), picture)
