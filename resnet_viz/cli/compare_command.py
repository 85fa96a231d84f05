"""The command ``compare``."""

from pathlib import Path
from typing import Annotated

import typer

from resnet_viz.cli.options import Debug, Json, guarded, one_of, print_result
from resnet_viz.core.text import LANGUAGES, Text


@guarded
def compare(
    image: Annotated[Path, typer.Argument(help="JPEG, PNG, WebP, GIF, TIFF or BMP.")],
    out: Annotated[Path, typer.Option(help="A new folder for report, CSV and pictures.")],
    network: Annotated[str, typer.Option(help="A network; see `networks`.")] = "resnet20",
    weights: Annotated[
        str, typer.Option(help="bundled, pretrained, random, or a weights file.")
    ] = "",
    beside: Annotated[str, typer.Option(help="The second network; default: the plain twin.")] = "",
    beside_weights: Annotated[str, typer.Option(help="Weights of the second network.")] = "",
    target: Annotated[
        int | None, typer.Option(help="Class number; default: each top class.")
    ] = None,
    layer: Annotated[
        str | None, typer.Option(help="Layer to draw; default: the last block.")
    ] = None,
    score: Annotated[str, typer.Option(help="Gradients of the logit or the loss.")] = "logit",
    seed: Annotated[int, typer.Option(help="Seed of random weights.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda or mps; default: the best.")] = "",
    language: Annotated[str, typer.Option(help="Language of the report: en or zh.")] = "en",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare a network with its plain twin, or any two networks, on a picture."""
    from resnet_viz.checkpoints.load import load_two
    from resnet_viz.checkpoints.ref import NetworkRef
    from resnet_viz.networks.devices import devices
    from resnet_viz.pictures.decode import read_picture
    from resnet_viz.probe import compare as comparison
    from resnet_viz.report.comparison_document import comparison_document
    from resnet_viz.report.comparison_folder import write_report

    one_of("language", language, list(LANGUAGES))
    one_of("device", device or "cpu", devices())
    picture = read_picture(image)
    first = NetworkRef.parse(network if beside else _residual(network), weights, seed=seed)
    second = NetworkRef.parse(beside, beside_weights, seed=seed) if beside else None
    pair = load_two(first, second, device or devices()[0])
    result = comparison.compare(pair, picture, target=target, score=score)
    write_report(result, out, layer=layer, text=Text(language))
    print_result(comparison_document(result), json)


def _residual(network: str) -> str:
    """Return the residual network of a pair, for the name of either twin."""
    from resnet_viz.checkpoints.weight_sources import twin_names
    from resnet_viz.networks.zoo.catalog import ZOO

    return network if network in ZOO else twin_names(network).first
