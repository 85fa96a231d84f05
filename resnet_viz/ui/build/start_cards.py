"""Cards of networks to start from, by family."""

from collections.abc import Mapping, Sequence

import streamlit as st

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import network_title
from resnet_viz.figures.network_card import card_svg
from resnet_viz.networks.zoo.backbones import AT_WORK
from resnet_viz.networks.zoo.catalog import ZOO
from resnet_viz.spec import RESIDUAL_PRESETS
from resnet_viz.ui.build import design_state as state
from resnet_viz.ui.frame.session import DESIGN_FAMILY
from resnet_viz.ui.frame.words import md_escape

_CARD_WIDTH = 190  # pixels


def _named(*starts: str) -> list[str]:
    return [name for name in RESIDUAL_PRESETS if name.startswith(starts)]


_CIFAR = ("resnet20", "resnet32", "resnet44", "resnet56", "resnet110", "resnet1202")

#: The families in the order in which they are offered, and their networks.
FAMILIES: Mapping[str, Sequence[str]] = {
    "cifar": _CIFAR,
    "imagenet": ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
    "wide": _named("wrn", "wide", "resnext"),
    "pre": ("preact-resnet18", "resnet164"),
    "catalog": tuple(ZOO),
    "at_work": tuple(AT_WORK),
}


def choose_network(text: Text) -> str:
    """Show one scrolling row of cards; return a preset, another network's name, or ``OWN``."""
    chosen = state.start()
    state.publish_preset()
    _cards(chosen, text)
    return chosen


def _cards(chosen: str, text: Text) -> None:
    if not DESIGN_FAMILY.is_set:
        families = [family for family, names in FAMILIES.items() if chosen in names]
        DESIGN_FAMILY.set(families[0] if families else next(iter(FAMILIES)))
    family = st.pills(
        text("cards.family"),
        list(FAMILIES),
        format_func=lambda name: text(f"cards.family_{name}"),
        key=DESIGN_FAMILY.name,
        required=True,
        label_visibility="collapsed",
        persist_state="page",
    )
    with st.container(horizontal=True, key="design_row"):  # page.css lets it scroll
        for name in FAMILIES[str(family)]:
            with st.container(border=True, width=_CARD_WIDTH, gap="xsmall"):
                _card(name, chosen, text)


def _card(name: str, chosen: str, text: Text) -> None:
    st.image(_picture(name), alt=text("cards.alt", name=_title(name, text)), width="stretch")
    st.button(
        md_escape(_title(name, text)),
        key=f"card_{name}",
        on_click=state.choose,
        args=(name,),
        disabled=name == chosen,
        help=f"{text(f'special.{name}')} {_numbers(name, text)}",
        width="stretch",
    )


def _title(name: str, text: Text) -> str:
    if name in ZOO:
        return ZOO[name].title
    if name in AT_WORK:
        return AT_WORK[name].title
    if name in RESIDUAL_PRESETS:
        return network_title(RESIDUAL_PRESETS[name].spec, text)
    return text("design.own")


def _numbers(name: str, text: Text) -> str:
    if name in AT_WORK:
        millions = AT_WORK[name].parameters / 1e6
        return text("cards.numbers_work", parameters=readable(millions))
    known = ZOO.get(name) or RESIDUAL_PRESETS[name]
    size = ZOO[name].input_size if name in ZOO else RESIDUAL_PRESETS[name].spec.input_size
    parameters = readable(known.parameters / 1e6)
    return text("cards.numbers", depth=known.depth, parameters=parameters, size=size)


def _picture(name: str) -> str:
    if name in AT_WORK:
        return card_svg(AT_WORK[name].depths, "identity")
    if name in ZOO:
        row = ZOO[name]
        return card_svg([len(blocks) for blocks in row.stages.values()], row.way)
    return card_svg(RESIDUAL_PRESETS[name].spec.depths, "identity")
