"""Ways out of Compare: the report, a link, and the lines of Python."""

from urllib.parse import urlencode

import streamlit as st

from resnet_viz.checkpoints.pairs import twin_names
from resnet_viz.records import Comparison, WeightSource
from resnet_viz.report.folder import report_archive
from resnet_viz.text import Text
from resnet_viz.ui.answer import answer
from resnet_viz.ui.question import Question


def offer(question: Question, text: Text) -> None:
    """The buttons beside the headline: download everything, share a link."""

    def archive() -> bytes:
        layer = st.session_state.get("layer")
        return report_archive(answer(question, text), layer=layer, text=text)

    left, right = st.columns(2)
    left.download_button(
        text("takeaway.download"),
        archive,
        file_name=f"compare-{question.network}.zip",
        mime="application/zip",
        on_click="ignore",
        width="stretch",
        help=text("takeaway.download_help"),
    )
    with right.popover(text("takeaway.share"), width="stretch"):
        if question.picture.sample:
            st.caption(text("takeaway.share_help"))
            st.code(_link(question, text), language=None, wrap_lines=True)
        else:
            st.caption(text("takeaway.share_own_picture"))


def _link(question: Question, text: Text) -> str:
    """The address that opens the same page, with every choice written out."""
    state = {
        "lang": text.language,
        "sample": question.picture.sample,
        "network": question.network,
        "weights": question.weights.source.value,
        **{key: str(value) for key, value in st.query_params.items()},
    }
    base = (st.context.url or "").partition("?")[0]
    return f"{base}?{urlencode(state)}"


def show_code(question: Question, comparison: Comparison, layer: str, text: Text) -> None:
    """The panel "Code": what reproduces the page."""
    st.caption(text("takeaway.code_caption"))
    st.code(python_lines(question, layer), language="python")
    st.code(command_line(question), language="bash")


def python_lines(question: Question, layer: str) -> str:
    """Five lines of Python for the same comparison."""
    name = twin_names(question.network).residual
    source = question.weights.source.name
    seed = f", seed={question.weights.seed}" if question.weights.seed else ""
    plain = ""
    if question.weights.source is WeightSource.PRETRAINED:
        plain = f", plain=WeightSource.{question.weights.plain.name}"
    target = "" if question.target is None else f", target={question.target}"
    return "\n".join(
        [
            "from resnet_viz import WeightChoice, WeightSource, compare, load_pair, read_picture",
            f"choice = WeightChoice(WeightSource.{source}{seed}{plain})",
            f'pair = load_pair("{name}", choice, device="{question.device}")',
            f'result = compare(pair, read_picture("photo.jpg"){target}, '
            f'score="{question.score.value}")',
            f'print(result.sides.residual.analysis.cams["{layer}"], '
            f'result.sides.plain.analysis.cams["{layer}"])',
        ]
    )


def command_line(question: Question) -> str:
    """The same from a terminal."""
    target = "" if question.target is None else f" --target {question.target}"
    seed = f" --seed {question.weights.seed}" if question.weights.seed else ""
    return (
        f"resnet-viz compare photo.jpg --network {question.network} "
        f"--weights {question.weights.source.value}{seed}{target} --out report"
    )
