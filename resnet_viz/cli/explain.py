"""The command ``explain``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resnet_viz.cli.shared import Debug, Json, guarded, one_of, print_result
from resnet_viz.errors import OptionError, OutputError

if TYPE_CHECKING:
    from resnet_viz.checkpoints.loaded import Loaded
    from resnet_viz.probe.explained import Request


@guarded
def explain(
    image: Annotated[Path, typer.Argument(help="A picture, or a folder of them.")],
    checkpoint: Annotated[Path | None, typer.Option(help="A weights file.")] = None,
    network: Annotated[
        str, typer.Option(help="A network; see `networks`. With a bare state_dict: its form.")
    ] = "",
    method: Annotated[str, typer.Option(help="See docs/explain.md.")] = "grad-cam",
    layer: Annotated[
        str | None, typer.Option(help="Where CAM methods look; else the last block.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="A new folder for map, overlay, manifest.")] = (
        None
    ),
    target: Annotated[int | None, typer.Option(help="Class number; else the top class.")] = None,
    against: Annotated[
        int | None, typer.Option(help="Explain the target's logit minus this class's.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="NAME=NUMBER of the method; may be repeated.")
    ] = None,
    faithfulness: Annotated[
        bool, typer.Option("--faithfulness/--no-faithfulness", help="Measure the map.")
    ] = True,
    weights: Annotated[
        str, typer.Option(help="bundled, pretrained or random, without a checkpoint.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Of random weights and of what methods draw.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda or mps; else the best.")] = "",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Explain a network's answer on a picture: a map, its statistics and its faithfulness."""
    from resnet_viz.checkpoints.choice import load_one
    from resnet_viz.devices import devices
    from resnet_viz.pictures import read_picture
    from resnet_viz.probe.explained import Request, explained
    from resnet_viz.probe.faithfulness import MEASURES
    from resnet_viz.report.explanation import explanation_document, write_explanation

    one_of("device", device or "cpu", devices())
    if out is not None and out.exists():  # before the work, not after it
        raise OutputError("folder_exists", folder=str(out))
    request = Request(
        method=method,
        layer=layer,
        target=target,
        against=against,
        options=dict(_option(given) for given in option or []),
        seed=seed,
        measures=tuple(MEASURES) if faithfulness else (),
    )
    picture = None if image.is_dir() else read_picture(image)
    loaded = load_one(network, checkpoint, weights, seed)
    loaded.network.to(device or devices()[0])
    if picture is None:
        _folder(loaded, image, request, out, json)
        return
    result = explained(loaded, picture, request)
    if out is not None:
        write_explanation(result, out)
    print_result(explanation_document(result), json)


def _folder(
    loaded: "Loaded", folder: Path, request: "Request", out: Path | None, json: bool
) -> None:
    """A table of all pictures of a folder; a file that cannot be read is a line in it."""
    from resnet_viz.probe.explained import Skipped, explain_folder
    from resnet_viz.report.explanation import folder_document, write_folder

    pictures, skipped = [], {}
    for found in explain_folder(loaded, folder, request):
        if isinstance(found, Skipped):
            skipped[found.name] = str(found.error)
        else:
            pictures.append(found)
    if out is not None:
        write_folder(pictures, skipped, out)
    print_result(folder_document(pictures, skipped), json)


def _option(given: str) -> tuple[str, float]:
    """NAME=NUMBER; ``OptionError`` for anything else."""
    name, _, value = given.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise OptionError("explain_option_form", value=given) from None
