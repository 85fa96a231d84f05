"""The results on labelled images: metrics, plots, and single images."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.figures.labelled_plots import (
    confusion_figure,
    highest_of,
    judged_caption,
    judged_picture,
    recall_figure,
    reliability_figure,
    robustness_figure,
)
from resnet_viz.records import JudgedImage, Labelled
from resnet_viz.ui.frame.words import md_escape

_COLUMNS = 4


def show_labelled(measured: Labelled, number: int, text: Text) -> None:
    """Show three metrics, then one tab per question."""
    left, middle, right = st.columns(3)
    left.metric(text("labelled.accuracy"), f"{measured.accuracy:.2%}")
    middle.metric(text("labelled.calibration"), f"{measured.calibration_error:.2%}",
                  help=text("labelled.calibration_help"))  # fmt: skip
    right.metric(
        text("labelled.scaled", temperature=f"{measured.temperature:.2f}"),
        f"{measured.calibration_error_scaled:.2%}",
    )
    names = ("classes", "calibrated", "losses", "suspects", "robustness")
    tabs = st.tabs([text(f"labelled.tab_{name}") for name in names])
    for name, tab in zip(names, tabs, strict=True):
        with tab:
            _TABS[name](measured, number, text)


def _classes(measured: Labelled, number: int, text: Text) -> None:
    for pair in measured.pairs:
        st.markdown(md_escape(text(
            "labelled.pair", truth=measured.classes[pair.truth], share=f"{pair.share:.1%}",
            answer=measured.classes[pair.answer], count=pair.images,
        )))  # fmt: skip
    _plot(confusion_figure(measured, text), f"confusion-{number}")
    _plot(recall_figure(measured, text), f"recall-{number}")


def _calibrated(measured: Labelled, number: int, text: Text) -> None:
    _plot(reliability_figure(measured, text), f"reliability-{number}")


def _losses(measured: Labelled, number: int, text: Text) -> None:
    st.caption(text("labelled.losses_caption", layer=measured.cam_layer))
    _gallery(measured.losses, measured, text)


def _suspects(measured: Labelled, number: int, text: Text) -> None:
    st.caption(text("labelled.suspects_caption", count=measured.suspected, images=measured.images))
    _gallery(measured.suspects, measured, text)


def _robustness(measured: Labelled, number: int, text: Text) -> None:
    if measured.robustness:
        st.caption(text("labelled.robustness_caption", images=measured.robustness[0].images))
        _plot(robustness_figure(measured, text), f"robustness-{number}")


_TABS = {
    "classes": _classes,
    "calibrated": _calibrated,
    "losses": _losses,
    "suspects": _suspects,
    "robustness": _robustness,
}


def _gallery(images: tuple[JudgedImage, ...], measured: Labelled, text: Text) -> None:
    highest = highest_of(images)
    for start in range(0, len(images), _COLUMNS):
        row = images[start : start + _COLUMNS]
        for column, image in zip(st.columns(_COLUMNS), row, strict=False):
            caption = judged_caption(image, measured, text)
            column.image(judged_picture(image, highest), width="stretch", alt=caption)
            column.caption(md_escape(caption))


def _plot(figure: object, key: str) -> None:
    if figure is not None:
        st.plotly_chart(figure, key=key, config={"displayModeBar": False})
