"""The command ``train``."""

from pathlib import Path
from typing import Annotated

import typer

from resnet_viz.cli.shared import Debug, Json, guarded, one_of, print_result


@guarded
def train(
    out: Annotated[Path, typer.Option(help="A new .safetensors file.")],
    network: Annotated[str, typer.Option(help="Any network of `networks`.")] = "resnet20",
    recipe: Annotated[str, typer.Option(help="published or short.")] = "short",
    epochs: Annotated[int | None, typer.Option(help="Instead of the recipe's.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or mps; else the best.")] = "",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Train one network on CIFAR-10, one line an epoch, and save it after each."""
    from dataclasses import asdict, replace

    from resnet_viz.devices import devices
    from resnet_viz.spec import NetworkSpec
    from resnet_viz.training.recipe import RECIPES
    from resnet_viz.training.run import train_to_file

    one_of("recipe", recipe, list(RECIPES))
    one_of("device", device or "cpu", devices())
    chosen = replace(RECIPES[recipe], epochs=epochs or RECIPES[recipe].epochs)
    spec = NetworkSpec.preset(network)
    for epoch in train_to_file(spec, chosen, out, device=device or devices()[0]):
        row = {"run": out.stem, "kind": spec.kind, **asdict(epoch)}
        print_result(row, json, compact=True)
