"""What both networks say, in the page's language."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import short_titles
from resnet_viz.figures.prediction_plot import PredictionSide, prediction_figure
from resnet_viz.records import Comparison, Pair, Prediction, Side
from resnet_viz.ui.choose.question import Question
from resnet_viz.ui.compare.selection import Selection
from resnet_viz.ui.frame.words import class_label


def show_predictions(
    question: Question, comparison: Comparison, selection: Selection, text: Text
) -> None:
    """Show the panel "Predictions"."""
    figure = prediction_figure(translated_predictions(comparison, text))
    st.plotly_chart(figure, key="predictions", config={"displayModeBar": False})


def translated_predictions(comparison: Comparison, text: Text) -> Pair[PredictionSide]:
    """Return both networks' predictions, with classes in the page's language."""

    def translated(titled: tuple[Side, str]) -> PredictionSide:
        side, title = titled
        rows = side.analysis.predictions(side.classes)
        words = [Prediction(p.index, class_label(p.label, text), p.probability) for p in rows]
        return PredictionSide(side.role, title, words)

    return comparison.sides.join(short_titles(comparison, text)).map(translated)
