"""The command ``explain``."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resnet_viz.cli.options import Debug, Json, guarded, in_range, one_of, print_result
from resnet_viz.core.errors import OptionError, OutputError
from resnet_viz.explain.method_names import MethodName

if TYPE_CHECKING:
    from resnet_viz.checkpoints.ref import NetworkRef
    from resnet_viz.explain.explain_picture import ExplainRequest
    from resnet_viz.jobs.codec import Event
    from resnet_viz.records.map_facts import Fused


def method_help() -> str:
    """Return the names of all methods."""
    return f"One of {', '.join(MethodName)}."


@guarded
def explain(
    image: Annotated[
        Path | None,
        typer.Argument(help="A picture, a folder or ZIP of them, or a data set: cifar10, digits."),
    ] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="A weights file.")] = None,
    network: Annotated[
        str, typer.Option(help="A network; see `networks`. With a bare state_dict: its network.")
    ] = "",
    method: Annotated[str, typer.Option(help=method_help())] = MethodName.GRAD_CAM,
    layer: Annotated[
        str | None,
        typer.Option(help="Layer of CAM methods; default: the last block. With --fuse: A,B,C."),
    ] = None,
    fuse: Annotated[
        str, typer.Option(help="max or mean over the layers of --layer; default: all blocks.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="A new folder for map, overlay, manifest.")] = (
        None
    ),
    target: Annotated[
        int | None, typer.Option(help="Class number; default: the top class.")
    ] = None,
    against: Annotated[
        int | None, typer.Option(help="Explain the target's logit minus this class's.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="An option of the method, NAME=NUMBER; repeatable.")
    ] = None,
    faithfulness: Annotated[
        bool,
        typer.Option("--faithfulness/--no-faithfulness", help="Measure the map's faithfulness."),
    ] = True,
    weights: Annotated[
        str, typer.Option(help="bundled, pretrained or random, if there is no checkpoint.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Seed of random weights and random methods.")] = 0,
    count: Annotated[int, typer.Option(help="Number of test images of a data set.")] = 100,
    resume: Annotated[str, typer.Option(help="Continue a stopped run, by its id.")] = "",
    device: Annotated[str, typer.Option(help="cpu, cuda or mps; default: the best.")] = "",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Explain a prediction: a map, its statistics and its faithfulness.

    A folder is explained picture by picture. Ctrl-C keeps finished pictures; --resume continues.
    """
    from resnet_viz.checkpoints.ref import NetworkRef
    from resnet_viz.checkpoints.weights import Weights
    from resnet_viz.explain.explain_picture import ExplainRequest
    from resnet_viz.explain.many.picture_sources import MOST_PICTURES
    from resnet_viz.explain.measures import MEASURES
    from resnet_viz.explain.methods import method_named
    from resnet_viz.networks.devices import devices
    from resnet_viz.records import WeightSource

    one_of("device", device or "cpu", devices())
    in_range("count", count, 1, MOST_PICTURES)
    if out is not None and os.path.exists(out):  # refuse before computing
        raise OutputError("folder_exists", folder=str(out))
    if checkpoint is None:
        ref = NetworkRef.parse(network or "resnet20", weights, seed=seed)
    else:
        file = Weights(WeightSource.FILE, path=checkpoint.absolute())
        ref = NetworkRef(network or None, file)
    request = ExplainRequest(
        method=method_named(method).name,
        layer=_fused(fuse, layer) if fuse else layer,
        target=target,
        against=against,
        options=dict(_option(pair) for pair in option or []),
        seed=seed,
        measures=tuple(MEASURES) if faithfulness else (),
    )
    where = device or devices()[0]
    if image is None and not resume:
        raise OptionError("explain_nothing")
    if resume or (image is not None and _many(image)):
        run_id = resume or _begin(str(image), count, ref, request, where)
        _folder(run_id, out, json)
    elif image is not None:
        _picture(image, ref, request, where, out, json)


def _picture(
    image: Path,
    ref: "NetworkRef",
    request: "ExplainRequest",
    device: str,
    out: Path | None,
    json: bool,
) -> None:
    from resnet_viz.checkpoints.load import load
    from resnet_viz.explain.explain_picture import explain_picture
    from resnet_viz.pictures.decode import read_picture
    from resnet_viz.report.explanation_files import explanation_document, write_explanation

    picture = read_picture(image)
    result = explain_picture(load(ref, device), picture, request)
    if out is not None:
        write_explanation(result, out)
    print_result(explanation_document(result), json)


def _many(image: Path) -> bool:
    """Return whether this is a folder, a ZIP or a data set instead of one picture."""
    from resnet_viz.datasets.load_dataset import known_datasets

    return image.is_dir() or image.suffix.lower() == ".zip" or str(image) in known_datasets()


def _begin(
    source: str, count: int, ref: "NetworkRef", request: "ExplainRequest", device: str
) -> str:
    from resnet_viz.explain.many.job import ManyConfig
    from resnet_viz.explain.many.picture_sources import PictureSource
    from resnet_viz.jobs.queue.foreground import begin_here

    pictures = PictureSource(
        str(Path(source).absolute()) if os.path.exists(source) else source, count
    )
    config = ManyConfig(
        source=pictures,
        networks=(ref,),
        titles=(ref.title,),
        requests=((request,),),
        device=device,
    )
    return begin_here("explain_folder", config, f"{request.method}: {Path(source).name}")


def _folder(run_id: str, out: Path | None, json: bool) -> None:
    """Explain every picture of a run, with a progress bar, then print the tables."""
    from resnet_viz.core.errors import RunError
    from resnet_viz.core.text import Text
    from resnet_viz.explain.many.job import ManyConfig, picture_results
    from resnet_viz.explain.many.result_tables import document, write_gallery
    from resnet_viz.jobs.queue import runs
    from resnet_viz.jobs.queue.foreground import go_on_here

    run = runs.run(run_id)
    config = run.config
    if not isinstance(config, ManyConfig):
        raise RunError("explain_run_kind", run=run_id)
    try:
        folder = go_on_here(run_id, _teller())
    except KeyboardInterrupt:
        typer.echo(str(RunError("explain_stopped", run=run_id)), err=True)
        raise typer.Exit(130) from None
    tables = document(list(picture_results(folder)), config, Text("en"))
    if out is not None:
        write_gallery(tables, folder, out)
    print_result(tables, json)
    runs.delete(run_id)  # its results have been printed and, on request, written


def _teller() -> "Callable[[str, Event], None]":
    """Return a listener that shows progress on a terminal."""
    from tqdm import tqdm

    from resnet_viz.records import Counted
    from resnet_viz.records.many_pictures import PictureResult, PicturesFound

    bar = tqdm(unit="picture", file=sys.stderr, disable=not sys.stderr.isatty(), leave=False)

    def tell(run_id: str, event: "Event") -> None:
        if isinstance(event, PicturesFound):
            bar.total = event.total
        elif isinstance(event, PictureResult):
            bar.update(1)
        part = event.part if isinstance(event, Counted) else ""
        bar.set_postfix_str(f"{run_id} {part}")

    return tell


def _fused(how: str, layers: str | None) -> "Fused":
    from resnet_viz.records.map_facts import Fused, Fusion

    one_of("fuse", how, list(Fusion))
    return Fused(Fusion(how), tuple(filter(None, (layers or "").split(","))))


def _option(option: str) -> tuple[str, float]:
    """Parse NAME=NUMBER; raises ``OptionError`` for anything else."""
    name, _, value = option.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise OptionError("explain_option_form", value=option) from None
