"""HTML documents from ``templates/``. Every value is escaped, except plots and drawings."""

import base64
import re
from datetime import UTC, datetime
from uuid import uuid4

import numpy as np
import plotly.graph_objects as go
from jaxtyping import UInt8
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.io import to_html

from resnet_viz.core.number_format import readable
from resnet_viz.core.saving import library_versions
from resnet_viz.core.text import Text
from resnet_viz.pictures.decode import to_png


def render(template: str, text: Text, **values: object) -> str:
    """Render a document.

    Parameters
    ----------
    template
        The name of a file in ``templates/``.
    text
        The language; templates look up their sentences with ``text(key, ...)``.
    values
        What the template needs. Strings are escaped; only ``Markup`` is inserted as it is.

    """
    document = _TEMPLATES.get_template(template).render(
        text=text,
        version=library_versions().get("resnet_viz", "0.2.0"),
        date=datetime.now(UTC).date().isoformat(),
        **values,
    )
    return _with_numbered_plots(document)


def plot_markup(figure: go.Figure, *, with_plotly: bool = False) -> Markup:
    """A plot for a document.

    ``with_plotly`` includes Plotly's code, so that the document works offline. Only the first plot
    of a document needs it.
    """
    html = to_html(
        figure,
        full_html=False,
        include_plotlyjs=with_plotly,
        config={"displayModeBar": False},
        div_id=f"plot-{uuid4().hex}",
    )
    return Markup(html)


def _with_numbered_plots(document: str) -> str:
    """Number the plots in order, so that the same report is the same text every time."""
    names = dict.fromkeys(_PLOT.findall(document))
    numbers = {name: f"plot-{number}" for number, name in enumerate(names, start=1)}
    return _PLOT.sub(lambda found: numbers[found[0]], document)


def _png_uri(pixels: UInt8[np.ndarray, "height width *channels"]) -> str:
    return "data:image/png;base64," + base64.b64encode(to_png(pixels)).decode()


_PLOT = re.compile(r"\bplot-[0-9a-f]{32}\b")
_TEMPLATES = Environment(
    loader=PackageLoader("resnet_viz.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["png"] = _png_uri
_TEMPLATES.filters["readable"] = readable
