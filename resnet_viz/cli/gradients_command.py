"""The command ``gradients``."""

from typing import Annotated

import typer

from resnet_viz.cli.options import Debug, Json, guarded, in_range, one_of, print_result

_MOST_SEEDS = 1000


@guarded
def gradients(
    depths: Annotated[str, typer.Option(help="Depths 6n + 2, comma-separated.")] = "20,56",
    norm: Annotated[str, typer.Option(help="batch, none, group or layer.")] = "batch",
    init: Annotated[str, typer.Option(help="he, default or xavier.")] = "he",
    seeds: Annotated[int, typer.Option(help="Number of seeds, from 0.")] = 1,
    activation: Annotated[str, typer.Option(help="relu, tanh, sigmoid or gelu.")] = "relu",
    shortcut: Annotated[float, typer.Option(help="Strength of the shortcut, 0 to 1.")] = 1.0,
    order: Annotated[str, typer.Option(help="post (2015) or pre (2016).")] = "post",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure gradient norms at initialisation, per layer, for both twins."""
    from resnet_viz.experiments.measures.gradient_growth import (
        INITIALISATIONS,
        GradientConfig,
        gradient_measurements,
        gradients_document,
    )
    from resnet_viz.spec import Activation, Norm, Order

    in_range("seeds", seeds, 1, _MOST_SEEDS)
    in_range("shortcut", shortcut, 0, 1)
    one_of("norm", norm, list(Norm))
    one_of("init", init, list(INITIALISATIONS))
    one_of("activation", activation, list(Activation))
    one_of("order", order, list(Order))
    config = GradientConfig(
        depths=_depths(depths),
        norm=Norm(norm),
        initialisation=INITIALISATIONS[init],
        activation=Activation(activation),
        shortcut_scale=shortcut,
        order=Order(order),
        seeds=seeds,
    )
    rows = [gradients_document(measured) for measured in gradient_measurements(config)]
    if not json:
        rows = [{k: v for k, v in row.items() if k != "layers"} for row in rows]
    print_result(rows, json)


def _depths(listed: str) -> tuple[int, ...]:
    from resnet_viz.core.errors import OptionError

    parts = [part.strip() for part in listed.split(",")]
    for part in parts:
        if not (part.isascii() and part.isdigit() and len(part) < 6):
            raise OptionError("depths_list", value=listed[:80])
    return tuple(dict.fromkeys(int(part) for part in parts))
