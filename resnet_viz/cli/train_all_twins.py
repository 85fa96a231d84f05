"""``train --all-twins``: many pairs at once, and the proof that precedes it."""

import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from resnet_viz.cli.options import print_result
from resnet_viz.core.errors import OptionError, RunError
from resnet_viz.records import Epoch, TrainingProgress
from resnet_viz.training.all_twins import train_all_twins
from resnet_viz.training.prove_twins import prove
from resnet_viz.training.twin_run import epoch_line, is_unfinished
from resnet_viz.training.twins_table import Twins, chosen_twins


def rows_of(depths: str, seeds: str, data: str) -> tuple[Twins, ...]:
    """Return the pairs that lists separated by commas choose; an empty list leaves the choice."""
    return chosen_twins(
        _numbers("depths", depths), tuple(filter(None, data.split(","))), _numbers("seeds", seeds)
    )


def print_proof(
    rows: Sequence[Twins], recipe: str, changes: Mapping[str, object], device: str, json: bool
) -> None:
    """Print what ``prove`` found; exit with 1 if captured steps are not those run one by one."""
    proof = prove(rows, recipe=recipe, changes=changes, device=device)
    print_result(proof.to_dict(), json)
    if not proof.holds:
        raise typer.Exit(1)


def print_all_twins(  # one for each option of the command
    rows: Sequence[Twins],
    out: Path,
    *,
    recipe: str,
    changes: Mapping[str, object],
    device: str,
    minutes: float | None,
    save_every: int,
    json: bool,
) -> None:
    """Train, print one line for each epoch, and show progress on a terminal.

    Ctrl-C or a request to end saves the state; the same command resumes, also after a deadline.
    """
    from tqdm import tqdm

    events = train_all_twins(
        out, rows, recipe=recipe, changes=changes, device=device, minutes=minutes,
        save_every=save_every,
    )  # fmt: skip
    bar = tqdm(unit="step", file=sys.stderr, disable=not sys.stderr.isatty(), leave=False)
    with _stops() as is_stopped:
        for run, event in events:
            if isinstance(event, TrainingProgress):
                bar.total, bar.n = event.epochs * event.steps, event.steps_done
                bar.update(0)
            elif isinstance(event, Epoch):
                bar.clear()
                print_result(epoch_line(run, event), json, compact=True)
            if is_stopped():
                events.close()
                break
    if any(is_unfinished(out / row.run) for row in rows):
        typer.echo(str(RunError("twins_stopped", folder=str(out))), err=True)
    if is_stopped():
        raise typer.Exit(130)


def _numbers(option: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part)
    except ValueError as error:
        raise OptionError(
            "option_unknown", option=option, value=text[:80], known="20,56"
        ) from error


@contextmanager
def _stops() -> Iterator[Callable[[], bool]]:
    """Context in which Ctrl-C and SIGTERM only set what the yielded function returns.

    The step in progress can so be finished, and its state saved.
    """
    asked: list[int] = []
    names = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(name, lambda number, _: asked.append(number)) for name in names]
    try:
        yield lambda: bool(asked)
    finally:
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler)
