"""The command line: ``resnet-viz``, or ``python -m resnet_viz``."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec

import typer

from resnet_viz.errors import FailureError, InputError, OptionError, ResnetVizError
from resnet_viz.saving import to_json
from resnet_viz.text import LANGUAGES, Text

P = ParamSpec("P")

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error came from.")]


def main() -> None:
    """Run a command; errors are one sentence on standard error."""
    try:
        code = app(standalone_mode=False)
    except typer.TyperException as error:
        typer.echo(str(error), err=True)
        code = InputError.exit_code
    except typer.Abort:
        code = 130  # as the shell reports an interrupt
    sys.exit(code)


def _guarded(command: Callable[P, None]) -> Callable[P, None]:
    """One sentence and an exit code instead of a traceback, unless ``--debug``."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except Exception as error:
            if kwargs.get("debug"):
                raise
            known = isinstance(error, ResnetVizError)
            failure = error if known else FailureError("unexpected", kind=type(error).__name__)
            typer.echo(str(failure), err=True)
            raise typer.Exit(failure.exit_code) from error  # type: ignore[attr-defined]

    return run


@app.command("app")
@_guarded
def open_app(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8501,
    browser: Annotated[bool, typer.Option(help="Open a browser window too.")] = True,
    debug: Debug = False,
) -> None:
    """Open the browser app."""
    from resnet_viz.launch import serve

    sys.exit(serve(port, browser=browser))


@app.command()
@_guarded
def networks(json: Json = False, debug: Debug = False) -> None:
    """List the networks there are, with depth, parameters and multiply-accumulates."""
    from resnet_viz.networks.layers import layer_table
    from resnet_viz.spec import PRESETS

    rows = [
        {
            "name": name,
            "family": preset.spec.family,
            "depth": preset.spec.depth,
            "parameters": preset.parameters,
            "macs": sum(layer.macs for layer in layer_table(preset.spec)),
            "input_size": preset.spec.input_size,
        }
        for name, preset in PRESETS.items()
    ]
    _print(rows, json)


@app.command()
@_guarded
def compare(
    image: Annotated[Path, typer.Argument(help="JPEG, PNG, WebP, GIF, TIFF or BMP.")],
    out: Annotated[Path, typer.Option(help="A new folder for report, CSV and pictures.")],
    network: Annotated[str, typer.Option(help="A residual network; see `networks`.")] = "resnet20",
    weights: Annotated[
        str, typer.Option(help="bundled, pretrained, random, or a weights file.")
    ] = "",
    target: Annotated[int | None, typer.Option(help="Class number; else each own top.")] = None,
    layer: Annotated[
        str | None, typer.Option(help="Layer of the pictures; else last block.")
    ] = None,
    score: Annotated[str, typer.Option(help="Gradients of the logit or the loss.")] = "logit",
    seed: Annotated[int, typer.Option(help="Of random weights.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda or mps; else the best.")] = "",
    language: Annotated[str, typer.Option(help="en or zh, of the report.")] = "en",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Put a network and its plain twin side by side on a picture, and write a report."""
    from resnet_viz import comparison
    from resnet_viz.checkpoints.pairs import choose_weights, load_pair
    from resnet_viz.devices import devices
    from resnet_viz.pictures import read_picture
    from resnet_viz.report.document import document
    from resnet_viz.report.folder import write_report

    _one_of("language", language, list(LANGUAGES))
    _one_of("device", device or "cpu", devices())
    picture = read_picture(image)
    choice = choose_weights(network, weights, seed)
    pair = load_pair(network, choice, device or devices()[0])
    result = comparison.compare(pair, picture, target=target, score=score)
    write_report(result, out, layer=layer, text=Text(language))
    _print(document(result), json)


@app.command()
@_guarded
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

    _one_of("recipe", recipe, list(RECIPES))
    _one_of("device", device or "cpu", devices())
    chosen = replace(RECIPES[recipe], epochs=epochs or RECIPES[recipe].epochs)
    spec = NetworkSpec.preset(network)
    for epoch in train_to_file(spec, chosen, out, device=device or devices()[0]):
        row = {"run": out.stem, "kind": spec.kind, **asdict(epoch)}
        _print(row, json, compact=True)


@app.command()
@_guarded
def doctor(json: Json = False, debug: Debug = False) -> None:
    """Say what is installed, what was found, and what is missing and how to get it."""
    from resnet_viz.doctor import examine

    _print(examine(), json)


def _one_of(option: str, value: str, known: list[str]) -> None:
    if value not in known:
        raise OptionError("option_unknown", option=option, value=value, known=", ".join(known))


def _print(value: Any, json: bool, *, compact: bool = False) -> None:
    if json:
        typer.echo(to_json(value, indent=None if compact else 2))
    else:
        typer.echo(_readable(value))


def _readable(value: Any, indent: str = "") -> str:
    """Nested values as indented lines; a list of equal rows as a table."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return _table(value, indent)
    if not isinstance(value, dict):
        return f"{indent}{_cell(value)}"
    lines = []
    for name, item in value.items():
        if isinstance(item, (dict, list)) and item:
            lines += [f"{indent}{name}:", _readable(item, indent + "  ")]
        else:
            lines.append(f"{indent}{name}: {_cell(item)}")
    return "\n".join(lines)


def _table(rows: list[dict[str, Any]], indent: str) -> str:
    names = list(rows[0])
    cells = [names, *([_cell(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    return "\n".join(
        indent + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in cells
    )


def _cell(value: Any) -> str:
    match value:
        case None:
            return "-"
        case float():
            return f"{value:.4g}"
        case list() | tuple():
            return "x".join(map(str, value)) or "-"
        case _:
            return str(value)
