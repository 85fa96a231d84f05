"""The command ``repair``."""

from pathlib import Path
from typing import Annotated

import typer

from resnet_viz.cli.options import Debug, GivenNetwork, Json, guarded, one_of, print_result
from resnet_viz.core.text import LANGUAGES, Text


@guarded
def repair(
    checkpoint: Annotated[Path, typer.Argument(help="A weights file, as for `diagnose`.")],
    out: Annotated[Path, typer.Option(help="A new .safetensors file.")],
    images: Annotated[
        str | None,
        typer.Option(help="Pictures to measure the running statistics on, as for `diagnose`."),
    ] = None,
    network: GivenNetwork = "",
    skip: Annotated[list[str] | None, typer.Option(help="A tensor to leave out.")] = None,
    copy: Annotated[
        str, typer.Option(help="The set of weights to keep, if the file has several.")
    ] = "",
    language: Annotated[str, typer.Option(help="Language: en or zh.")] = "en",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a weights file anew, with everything put right that can be, and list what was done."""
    from resnet_viz.diagnosis import repair_file as module
    from resnet_viz.networks.export.spec_file import given_spec

    one_of("language", language, list(LANGUAGES))
    spec = given_spec(network)
    done = module.repair(
        checkpoint, out, images=images, spec=spec, skip=tuple(skip or ()), copy=copy
    )
    if json:
        print_result(done.contract(Text(language)), json)
        return
    text = Text(language)
    for step in done.steps:
        typer.echo(step.sentence(text))
    typer.echo(text("repair.written", file=done.out, count=done.tensors))
