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
from resnet_viz.ui.frame.session import DESIGN_CARDS, DESIGN_FAMILY, PRESET
from resnet_viz.ui.frame.words import md_escape

_NARROWEST = 140  # pixels of a card; two fit side by side on a phone


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
    """Show the cards and return a preset, another network's name, or ``OWN``.

    The cards are open until one is chosen.
    """
    chosen = state.start()
    state.publish_preset()
    if not DESIGN_CARDS.is_set:
        DESIGN_CARDS.set(not PRESET.in_address)
    label = text("cards.title", name=_title(chosen, text))
    cards = st.expander(label, key=DESIGN_CARDS.name, on_change="rerun")
    if cards.open:
        with cards:
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
    with st.grid(min_column_width=_NARROWEST):
        for name in FAMILIES[str(family)]:
            with st.container(border=True, height="stretch", gap="xsmall"):
                _card(name, chosen, text)
    st.caption(text("cards.note"))


def _card(name: str, chosen: str, text: Text) -> None:
    st.image(_picture(name), alt=text("cards.alt", name=_title(name, text)), width="stretch")
    st.markdown(f"**{md_escape(_title(name, text))}**")
    st.caption(md_escape(_numbers(name, text)))
    st.caption(md_escape(text(f"special.{name}")))
    is_chosen = name == chosen
    st.button(
        text("cards.chosen" if is_chosen else "cards.choose"),
        key=f"card_{name}",
        on_click=_use,
        args=(name,),
        disabled=is_chosen,
        width="stretch",
    )


def _use(name: str) -> None:
    DESIGN_CARDS.set(False)
    state.choose(name)


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
