"""The choice of network and weights, for either side of a comparison."""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace

import streamlit as st

from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.checkpoints.sources.bundled_files import bundled_footing
from resnet_viz.checkpoints.weight_sources import weight_sources
from resnet_viz.checkpoints.weights import Weights
from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import network_title
from resnet_viz.figures.footing_words import with_footing
from resnet_viz.networks.zoo.catalog import ZOO
from resnet_viz.records import WeightSource
from resnet_viz.spec import RESIDUAL_PRESETS, NetworkSpec, twin_name
from resnet_viz.ui.choose.openings import DEEPEST, opening_label, openings, packed
from resnet_viz.ui.frame.session import (
    DESIGN,
    LAST_CHOICE,
    NETWORK,
    SECOND_NETWORK,
    SECOND_SEED,
    SECOND_TWIN_WEIGHTS,
    SECOND_WANTED,
    SECOND_WEIGHTS,
    SECOND_WEIGHTS_OF,
    SEED,
    TWIN_WEIGHTS,
    WANTED,
    WEIGHTS,
    WEIGHTS_OF,
    Choice,
    Key,
    Number,
)
from resnet_viz.ui.frame.words import md_escape

_TWIN = "twin"  # the choice of the plain twin
_HIGHEST_SEED = 2**31 - 1


@dataclass(frozen=True)
class SideKeys:
    """The session keys of one side's widgets."""

    network: Choice
    weights: Choice
    wanted: Key[str]
    weights_of: Key[str]
    seed: Number
    twin_weights: Choice

    def restore_weights(self, name: str, offered: Collection[str], default: str) -> None:
        """Before the widget, choose the weights of a network.

        Of another network than before they are those that the visitor asked for, or the best ones:
        that a network in between had only untrained weights is no wish for them.
        """
        if self.weights_of.get() in ("", name):
            self.weights.restore(offered, default)
        else:
            wanted = self.wanted.get()
            self.weights.set(wanted if wanted in offered else default)
        self.weights_of.set(name)

    def want(self) -> None:
        """After the widget changed, remember what was asked for."""
        self.wanted.set(self.weights.get())


_FIRST = SideKeys(NETWORK, WEIGHTS, WANTED, WEIGHTS_OF, SEED, TWIN_WEIGHTS)
_SECOND = SideKeys(
    SECOND_NETWORK,
    SECOND_WEIGHTS,
    SECOND_WANTED,
    SECOND_WEIGHTS_OF,
    SECOND_SEED,
    SECOND_TWIN_WEIGHTS,
)


def remember_choice() -> None:
    """Remember the networks and weights of both sides: they could be loaded."""
    keys = [getattr(side, field.name) for side in (_FIRST, _SECOND) for field in fields(side)]
    LAST_CHOICE.set({key.name: key.get() for key in keys if key.is_set})


def take_back_choice() -> None:
    """Before the widgets, return to the last networks that could be loaded."""
    for name, value in LAST_CHOICE.pop().items():
        Key(name, value).set(value)


def comparable() -> list[str]:
    """Return the residual presets that are shallow enough to show every block."""
    return [name for name, row in RESIDUAL_PRESETS.items() if row.depth <= DEEPEST]


def network_label(name: str, text: Text) -> str:
    """Return a preset's title: ResNet-56 for "resnet56"."""
    return network_title(NetworkSpec.preset(name), text)


def bundled_title(name: str, text: Text) -> str:
    """Return a bundled network's title and what it reached: ResNet-56, 91%, 16 epochs."""
    return with_footing(network_label(name, text), bundled_footing(name), text)


def ask_first(text: Text) -> NetworkRef:
    """Ask for the first network and its weights."""
    known = {name: _usual(name) for name in [*comparable(), *ZOO]} | openings()
    labels = {name: _label(name, choice, text) for name, choice in known.items()}
    default = next(iter(known))
    _FIRST.network.restore(known, default)
    chosen = st.selectbox(
        text("compare.network"),
        list(known),
        format_func=labels.__getitem__,
        key=_FIRST.network.name,
        help=f"{text('compare.network_help')} {text('footing.help')}",
        persist_state="session",
    )
    _FIRST.network.publish(default)
    choice = _with_weights(known[chosen or default], _FIRST, text)
    _publish_design([choice])
    return choice


def ask_second(first: NetworkRef, text: Text) -> NetworkRef:
    """Ask for the second network: the plain twin, or any network with the same input."""
    names = [*comparable(), *map(twin_name, comparable()), *ZOO]
    known = {name: _usual(name) for name in names} | openings()
    fitting = {name: choice for name, choice in known.items() if first.comparable(choice)}
    labels = {name: _label(name, choice, text) for name, choice in fitting.items()}
    if first.has_twin:
        labels = {_TWIN: text("compare.beside_twin"), **labels}
    offered = list(labels)
    default = next(iter(labels), "")
    if not offered:
        st.info(text("compare.beside_none"))
        st.stop()
    _SECOND.network.restore(offered, default)
    chosen = st.selectbox(
        text("compare.beside"),
        offered,
        format_func=labels.__getitem__,
        key=_SECOND.network.name,
        help=text("compare.beside_help"),
        persist_state="session",
    )
    _SECOND.network.publish(default)
    if chosen in (_TWIN, None):
        return first.twin()
    choice = _with_weights(fitting[chosen], _SECOND, text)
    _publish_design([first, choice])
    return choice


def _usual(name: str) -> NetworkRef:
    return NetworkRef(name)


def _label(name: str, choice: NetworkRef, text: Text) -> str:
    if name != choice.architecture:  # an id
        return with_footing(opening_label(choice, text), choice.footing, text)
    label, footing = network_title(choice.spec, text), bundled_footing(name)
    if footing is not None:
        return with_footing(label, footing, text)
    return text("compare.network_option", network=label, size=choice.spec.input_size)


def _with_weights(choice: NetworkRef, keys: SideKeys, text: Text) -> NetworkRef:
    """Ask for the weights; a design is untrained, and a file brings its own."""
    if choice.weights.source is WeightSource.FILE:
        st.caption(text("weights_note.file", name=md_escape(choice.title)))
        return choice
    if choice.design is not None:
        return replace(choice, weights=Weights(WeightSource.RANDOM, _ask_seed(keys, text)))
    name = choice.spec.name
    offered = weight_sources(name)
    offline = next(source for source in offered if source is not WeightSource.PRETRAINED)
    keys.restore_weights(name, offered, offline.value)
    chosen = st.segmented_control(
        text("compare.weights"),
        [source.value for source in offered],
        format_func=lambda source: text(f"weights.{source}"),
        key=keys.weights.name,
        required=True,
        on_change=keys.want,
        help=text("compare.weights_help"),
        persist_state="session",
    )
    keys.weights.publish(offline.value)
    source = WeightSource(chosen or offline)
    alone = keys is _SECOND or name in ZOO
    plain = WeightSource.LESION
    if source is WeightSource.PRETRAINED and not alone:
        plain = _ask_plain(keys, text)
    seed = _ask_seed(keys, text) if WeightSource.RANDOM in (source, plain) else 0
    ref = NetworkRef.parse(name, source, seed=seed)
    if plain is WeightSource.RANDOM:
        return replace(ref, weights=replace(ref.weights, twin=Weights(plain, seed)))
    return ref


def _ask_plain(keys: SideKeys, text: Text) -> WeightSource:
    offered = [WeightSource.LESION.value, WeightSource.RANDOM.value]
    keys.twin_weights.restore(offered, offered[0])
    chosen = st.radio(
        text("compare.plain_weights"),
        offered,
        format_func=lambda source: text(f"weights.plain_{source}"),
        key=keys.twin_weights.name,
        help=text("compare.plain_weights_help"),
        persist_state="session",
    )
    keys.twin_weights.publish(offered[0])
    return WeightSource(chosen or offered[0])


def _ask_seed(keys: SideKeys, text: Text) -> int:
    keys.seed.restore(_HIGHEST_SEED)
    seed = st.number_input(
        text("compare.seed"), 0, _HIGHEST_SEED, step=1, key=keys.seed.name, persist_state="session"
    )
    keys.seed.publish(0)
    return int(seed or 0)


def _publish_design(choices: list[NetworkRef]) -> None:
    """Put a design into the address while the page shows it."""
    designs = [
        choice.design
        for choice in choices
        if choice.design is not None and choice.weights.source is WeightSource.RANDOM
    ]
    DESIGN.write_address(packed(designs[0]) if designs else "")
