"""Formulas of residual learning, checked on a network."""

from collections.abc import Iterator
from dataclasses import replace

import streamlit as st

from resnet_viz.checkpoints.load import load
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.checkpoints.sources.bundled_files import bundled_footing, bundled_names
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.experiments.measures.batches import photographs
from resnet_viz.experiments.measures.formula_checks import block_values, check_formulas
from resnet_viz.figures.comparison_drawing import network_title
from resnet_viz.figures.footing_words import with_footing
from resnet_viz.jobs.job import ANSWERED, Job
from resnet_viz.networks.resnet.model import ResNet, build
from resnet_viz.networks.tables.totals import shortcut_cost
from resnet_viz.pictures.samples import samples
from resnet_viz.records import BlockFormula, BlockValues, Formulas, Paths
from resnet_viz.spec import RESIDUAL_PRESETS, NetworkSpec, Order, Shortcut
from resnet_viz.ui.choose.openings import open_design
from resnet_viz.ui.frame.engines import measurements
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import FORMULA_BLOCK, FORMULA_NETWORK
from resnet_viz.ui.gradients.claims_panel import show_claims
from resnet_viz.ui.gradients.pixel_panel import show_pixel
from resnet_viz.ui.running.waiting import wait

_TRAINED = "trained:"  # before the name of a bundled network
_MOST_PARAMETERS = 12_000_000  # so that a check takes seconds

#: Residual networks for small pictures: the formulas are checked on photographs of 32 pixels.
FRESH = tuple(
    name
    for name, row in RESIDUAL_PRESETS.items()
    if row.spec.input_size == 32 and row.parameters <= _MOST_PARAMETERS
)


def show_formulas(text: Text) -> None:
    """Show each claim with its verdict, the errors of every block, and one pixel in numbers."""
    st.caption(text("formulas.intro"))
    network, order = _ask_network(text)
    job = Job(("formulas", network, order), lambda: _checked(network, order), kept=ANSWERED)
    try:
        formulas = wait(measurements().start(job), text("formulas.working"))
    except ResnetVizError as error:
        show_error(error, text)
        return
    _show(formulas, text)
    if order is not None:
        with st.columns(3)[0]:
            open_design("compare", formulas.spec, text)
    _show_pixel(network, order, formulas, text)


def _ask_network(text: Text) -> tuple[str, Order | None]:
    """Ask for the network and, if it can be chosen, the order of its layers."""
    trained = [_TRAINED + name for name in bundled_names() if name.startswith("resnet")]
    options = [*trained, *FRESH]
    FORMULA_NETWORK.setdefault(FORMULA_NETWORK.default)
    left, right = st.columns(2)
    network = left.selectbox(
        text("formulas.network"), options, key=FORMULA_NETWORK.name,
        format_func=lambda name: _network_title(name, text), persist_state="session",
    )  # fmt: skip
    spec = RESIDUAL_PRESETS[network.removeprefix(_TRAINED)].spec
    if network.startswith(_TRAINED):
        right.caption(text("formulas.order_given", order=text(f"gradient_lab.order_{spec.order}")))
        return network, None
    order = right.segmented_control(
        text("formulas.order"),
        [order.value for order in Order],
        default=spec.order.value,
        key=f"formula_order_{spec.order}",
        format_func=lambda name: text(f"gradient_lab.order_{name}"),
        required=True,
        persist_state="session",
    )
    return network, Order(order or spec.order)


def _network_title(name: str, text: Text) -> str:
    preset = RESIDUAL_PRESETS[name.removeprefix(_TRAINED)]
    title = preset.title or network_title(preset.spec, text)
    if not name.startswith(_TRAINED):
        return text("formulas.fresh", network=title)
    footing = bundled_footing(name.removeprefix(_TRAINED))
    return with_footing(text("formulas.trained", network=title), footing, text)


def _network(name: str, order: Order | None) -> ResNet:
    if name.startswith(_TRAINED):
        return load(NetworkRef.parse(f"{name.removeprefix(_TRAINED)}:bundled")).resnet
    spec = RESIDUAL_PRESETS[name].spec
    return build(replace(spec, order=order or spec.order, classes=10), seed=0)


def _checked(name: str, order: Order | None) -> Iterator[Formulas]:
    yield check_formulas(_network(name, order), *photographs())


def _values(name: str, order: Order | None, block: str, picture: int) -> Iterator[BlockValues]:
    yield block_values(_network(name, order), *photographs(), block, picture)


def _show_pixel(name: str, order: Order | None, formulas: Formulas, text: Text) -> None:
    """Ask for block and picture, then show one pixel."""
    st.subheader(text("formulas.pixel"), anchor=False)
    blocks, names = formulas.spec.blocks(), list(samples())
    if FORMULA_BLOCK.get() not in blocks:
        FORMULA_BLOCK.set(blocks[1])
    left, right = st.columns(2)
    block = left.selectbox(text("formulas.block"), blocks, key=FORMULA_BLOCK.name,
                           persist_state="session")  # fmt: skip
    sample = right.selectbox(
        text("formulas.picture"), names, key="formula_sample",
        format_func=lambda one: samples()[one].titles[text.language], persist_state="session",
    )  # fmt: skip
    number = names.index(sample)
    looking = Job(
        ("formula_block", name, order, block, sample),
        lambda: _values(name, order, block, number),
        kept=ANSWERED,
    )
    try:
        values = wait(measurements().start(looking), text("formulas.working"))
    except ResnetVizError as error:
        show_error(error, text)
    else:
        show_pixel(values, looking.key, text)


def _show(formulas: Formulas, text: Text) -> None:
    show_claims(formulas, text)
    if formulas.paths is not None:
        _show_paths(formulas.paths, text)
    with st.container(border=True):
        st.markdown(text("formulas.words"))
        st.table(list(_costs(formulas.spec, text)))
    st.caption(text("formulas.blocks"))
    st.dataframe(
        [_written(block, text) for block in formulas.blocks], key="formula_blocks", hide_index=True
    )


def _written(block: BlockFormula, text: Text) -> dict[str, str]:
    values = {text(f"formulas.column_{name}"): value for name, value in vars(block).items()}
    return {
        column: value if isinstance(value, str) else readable(float(value))
        for column, value in values.items()
    }


def _show_paths(paths: Paths, text: Text) -> None:
    """Show how much of the gradient goes each of the four ways of two blocks."""
    with st.container(border=True):
        st.markdown(text("formulas.paths", first=paths.first, second=paths.second,
                         error=readable(paths.error, 1)))  # fmt: skip
        st.table([
            {text("formulas.path"): text(f"formulas.path_{name}"),
             text("formulas.path_norm"): readable(getattr(paths, name))}
            for name in ("around", "through_first", "through_second", "through_both")
        ])  # fmt: skip


def _costs(spec: NetworkSpec, text: Text) -> Iterator[dict[str, str]]:
    """Yield the cost of each kind of shortcut in this network."""
    for shortcut in (Shortcut.ZERO_PAD, Shortcut.PROJECTION, Shortcut.PROJECTION_ALL):
        cost = shortcut_cost(NetworkSpec.from_dict({**spec.to_dict(), "shortcut": shortcut.value}))
        yield {
            text("formulas.shortcut"): text(f"formulas.{shortcut}"),
            text("formulas.parameters"): f"{cost.parameters:,}",
            text("formulas.macs"): f"{cost.macs:,}",
            text("formulas.memory"): f"{cost.kept:,}",
        }
