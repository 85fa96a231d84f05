"""``report.html``: one file with the pictures and the interactive plots, readable offline."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape

import plotly.graph_objects as go
from plotly.io import to_html

from resnet_viz.core.saving import library_versions
from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import (
    ColouredPicture,
    Quantity,
    gradient_curves,
    short_titles,
    side_title,
    strip_rows,
)
from resnet_viz.figures.gradient_plot import gradient_caption, gradient_figure
from resnet_viz.figures.prediction_plot import prediction_caption, prediction_figure
from resnet_viz.figures.strip import strip_svg
from resnet_viz.pictures.decode import to_png
from resnet_viz.records import Comparison, Pair
from resnet_viz.report.comparison_code import python_lines

_STYLE = """
:root { color-scheme: light; }
body { font-family: "Source Sans Pro", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei",
  sans-serif; max-width: 1080px; margin: 2rem auto; padding: 0 1rem; color: #1f2937;
  background: #fff; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.twins { display: grid; grid-template-columns: repeat(auto-fit, minmax(280px, 1fr)); gap: 1rem; }
figure { margin: 0; } img { width: 100%; image-rendering: pixelated; border-radius: 4px; }
img.photo { image-rendering: auto; } img.small { max-width: 256px; }
pre { overflow-x: auto; background: #f3f4f6; padding: 1rem; }
figcaption, footer { color: #6b7280; font-size: 0.9rem; }
"""


def page(
    comparison: Comparison, layer: str, pictures: Mapping[str, Pair[ColouredPicture]], text: Text
) -> str:
    """The whole document as text."""
    titles = comparison.sides.map(lambda side: side_title(side, text))
    names = short_titles(comparison, text)
    both = comparison.sides.map(lambda side: side.analysis.predictions(side.classes))
    heading = text(
        "report.title", residual=names.first, plain=names.second, picture=comparison.name
    )
    sections = [
        f"<p>{escape(prediction_caption(both, names, text))}</p>",
        _section(text("report.layer", layer=layer), _pictures(pictures["overlay"], titles, True)),
        _section(text("report.predictions"), _plot(prediction_figure(both, titles), True)),
        _section(
            text("report.strip"),
            strip_svg(strip_rows(comparison, layer, text), text=text),
        ),
        _section(text("report.all_blocks"), _pictures(pictures["all_blocks"], titles, True)),
        _section(
            text("report.features", layer=layer), _pictures(pictures["features"], titles, False)
        ),
        *[_gradients(comparison, quantity, layer, text) for quantity in Quantity],
        _section(
            text("report.seen"),
            f'<img class="small" alt="" src="{_uri(to_png(comparison.seen))}">',
        ),
    ]
    sections.append(
        _section(text("report.code"), f"<pre>{escape(python_lines(comparison, layer))}</pre>")
    )
    made = text(
        "report.made",
        version=library_versions().get("resnet_viz", "0.1.0"),
        date=datetime.now(UTC).date().isoformat(),
    )
    return (
        f'<!DOCTYPE html><html lang="{text.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(heading)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(heading)}</h1>{''.join(sections)}"
        f"<footer><p>{escape(made)}</p></footer></body></html>"
    )


def _gradients(comparison: Comparison, quantity: Quantity, layer: str, text: Text) -> str:
    curves = gradient_curves(comparison, quantity, text)
    score = comparison.sides.first.analysis.score.value
    figure = gradient_figure(
        curves, quantity=quantity.value, score=score, selected=layer, text=text
    )
    caption = f"<p>{escape(gradient_caption(curves, text))}</p>"
    title = f"{text('report.gradients')}: {text(f'gradients.{quantity}')}"
    return _section(title, _plot(figure, False) + caption)


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def _pictures(pair: Pair[ColouredPicture], titles: Pair[str], smooth: bool) -> str:
    style = ' class="photo"' if smooth else ""
    figures = [
        f'<figure><img{style} alt="{escape(title)}" src="{_uri(to_png(drawn.pixels))}">'
        f"<figcaption>{escape(title)}: {drawn.colour_range.low:.3g} … "
        f"{drawn.colour_range.high:.3g}</figcaption></figure>"
        for (_, drawn), (_, title) in zip(pair.items(), titles.items(), strict=True)
    ]
    return f'<div class="twins">{"".join(figures)}</div>'


def _plot(figure: go.Figure, first: bool) -> str:
    """A plot; the first one brings Plotly's own code along, so that the file works offline."""
    html: str = to_html(
        figure, full_html=False, include_plotlyjs=first, config={"displayModeBar": False}
    )
    return html


def _uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()
