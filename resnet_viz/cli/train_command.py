"""The command ``train``."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resnet_viz.cli.options import Debug, Json, guarded, one_of, print_result

if TYPE_CHECKING:
    from resnet_viz.jobs.codec import Event
    from resnet_viz.training.config import TrainingConfig


@guarded
def train(
    network: Annotated[str, typer.Option(help="A network; see `networks`.")] = "resnet20",
    data: Annotated[
        str,
        typer.Option(
            help="cifar10, cifar100, fashion-mnist, mnist, digits, a folder or a ZIP; a list of "
            "names with --all-twins. [default: cifar10]",
            show_default=False,
        ),
    ] = "",
    pair: Annotated[
        bool, typer.Option("--pair/--single", help="With its twin on equal batches, or alone.")
    ] = True,
    recipe: Annotated[
        str,
        typer.Option(
            help="published, short, class-demo or fine-tune. [default: short; published "
            "with --all-twins]",
            show_default=False,
        ),
    ] = "",
    epochs: Annotated[int | None, typer.Option(help="Overrides the recipe's.")] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Peak learning rate; overrides the recipe's.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of weights, order and augmentation.")] = 0,
    start: Annotated[
        str, typer.Option(help="random, bundled, pretrained, or a weights file (with --single).")
    ] = "random",
    freeze: Annotated[str, typer.Option(help="Stages to freeze, for example stem,layer1.")] = "",
    augmentation: Annotated[
        str | None,
        typer.Option(help="own (the data set's), crop_flip, crop or none; overrides the recipe's."),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="CPU threads, recorded with the run; 0 for all cores.")
    ] = None,
    precision: Annotated[str, typer.Option(help="fp32 or bf16.")] = "fp32",
    device: Annotated[str, typer.Option(help="cpu, cuda or mps; default: the best.")] = "",
    resume: Annotated[str, typer.Option(help="Continue a stopped run, by its id.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="A new folder for weights, curve and recipe.")
    ] = None,
    tensorboard: Annotated[
        Path | None, typer.Option(help="A folder for TensorBoard's event files.")
    ] = None,
    all_twins: Annotated[
        bool, typer.Option("--all-twins", help="Many pairs at once, each to a folder in --out.")
    ] = False,
    depths: Annotated[str, typer.Option(help="Depths of --all-twins, for example 20,56.")] = "",
    seeds: Annotated[str, typer.Option(help="Seeds of --all-twins, for example 0,1,2.")] = "",
    minutes: Annotated[
        float | None,
        typer.Option(help="Longest duration of --all-twins; as many epochs as fit.", min=0.1),
    ] = None,
    save_every: Annotated[
        int, typer.Option(help="Epochs of --all-twins between two saved states.", min=1)
    ] = 5,
    prove: Annotated[
        bool, typer.Option("--prove", help="Only measure speed and rounding of --all-twins.")
    ] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Train a network and its twin, or one network. Ctrl-C stops; --resume continues."""
    from resnet_viz.checkpoints.weights import Weights
    from resnet_viz.cli.train_all_twins import print_all_twins, print_proof, rows_of
    from resnet_viz.networks.devices import devices
    from resnet_viz.training.config import training_config

    one_of("device", device or "cpu", devices())
    place = device or devices()[0]
    changes = {
        "epochs": epochs,
        "learning_rate": learning_rate,
        "precision": precision,
        "augmentation": augmentation,
        "threads": threads,
    }
    if all_twins:
        rows = rows_of(depths, seeds, data)
        if prove:
            print_proof(rows, recipe or "published", changes, place, json)
            return
        print_all_twins(
            rows, out or Path("twins"), recipe=recipe or "published", changes=changes,
            device=place, minutes=minutes, save_every=save_every, json=json,
        )  # fmt: skip
        return
    config = training_config(
        network,
        recipe or "short",
        pair=pair,
        changes={**changes, "seed": seed},
        data=data or "cifar10",
        device=place,
        start=Weights.parse(start),
        frozen=tuple(filter(None, freeze.split(","))),
    )
    _run(config, resume, _teller(json), out, tensorboard)


def _run(
    config: "TrainingConfig",
    resume: str,
    tell: "Callable[[str, Event], None]",
    out: Path | None,
    tensorboard: Path | None,
) -> None:
    from resnet_viz.core.errors import OutputError, RunError
    from resnet_viz.core.text import Text
    from resnet_viz.jobs.queue.foreground import begin_here, go_on_here
    from resnet_viz.training.run_files import export_run, write_tensorboard
    from resnet_viz.training.run_title import run_title

    if out is not None and os.path.exists(out):
        raise OutputError("folder_exists", folder=str(out))
    run_id = resume or begin_here("train", config, run_title(config, Text("en")))
    try:
        folder = go_on_here(run_id, tell)
    except KeyboardInterrupt:
        typer.echo(str(RunError("run_stopped", run=run_id)), err=True)
        raise typer.Exit(130) from None
    if out is not None:
        export_run(folder, out)
    if tensorboard is not None:
        write_tensorboard(folder, tensorboard)


def _teller(json: bool) -> "Callable[[str, Event], None]":
    """Return a listener that prints epochs and shows progress on a terminal."""
    from tqdm import tqdm

    from resnet_viz.records import Epoch, TrainingProgress
    from resnet_viz.training.twin_run import epoch_line

    bar = tqdm(unit="step", file=sys.stderr, disable=not sys.stderr.isatty(), leave=False)

    def tell(run_id: str, event: "Event") -> None:
        if isinstance(event, TrainingProgress):
            bar.total = event.epochs * event.steps
            bar.n = event.steps_done
            bar.update(0)
        elif isinstance(event, Epoch):
            bar.clear()
            print_result(epoch_line(run_id, event), json, compact=True)

    return tell
