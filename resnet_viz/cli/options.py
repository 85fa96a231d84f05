"""What all commands share: error handling, common options, and printing of results."""

from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, ParamSpec

import typer

from resnet_viz.cli.readable import print_line, print_readable
from resnet_viz.core.errors import FailureError, OptionError, ResnetVizError
from resnet_viz.core.saving import to_json

P = ParamSpec("P")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
GivenNetwork = Annotated[
    str, typer.Option(help="The network, if it is not identified; or a spec's JSON file.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error came from.")]


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Print one sentence and exit with a code on errors; with ``--debug``, raise the traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except typer.Exit:
            raise
        except Exception as error:
            if kwargs.get("debug"):
                raise
            known = isinstance(error, ResnetVizError)
            failure = error if known else FailureError("unexpected", kind=type(error).__name__)
            assert isinstance(failure, ResnetVizError)
            if kwargs.get("json") or kwargs.get("form") == "json":
                typer.echo(to_json({"error": refusal(failure)}, indent=None))
            if kwargs.get("form") == "github":
                from resnet_viz.report.github_annotations import annotation

                file = str(kwargs.get("checkpoint", ""))
                typer.echo(annotation("error", file, failure.code, str(failure)))
            typer.echo(str(failure), err=True)
            raise typer.Exit(failure.exit_code) from error

    return run


def refusal(error: ResnetVizError) -> dict[str, object]:
    """An error for programs: its code, its sentence and the exit code."""
    return {"code": error.code, "message": str(error), "exit_code": error.exit_code}


def one_of(option: str, value: str, known: list[str]) -> None:
    """Raise ``OptionError`` unless ``value`` is known."""
    if value not in known:
        raise OptionError("option_unknown", option=option, value=value, known=", ".join(known))


def in_range(option: str, value: float, least: float, most: float) -> None:
    """Raise ``OptionError`` unless ``value`` is from ``least`` to ``most``."""
    if not least <= value <= most:
        raise OptionError("option_range", option=option, value=value, least=least, most=most)


def print_result(value: Any, json: bool, *, compact: bool = False) -> None:
    """Print JSON for programs or text for people; ``compact`` takes one line for either."""
    if json:
        typer.echo(to_json(value, indent=None if compact else 2))
    elif compact:
        print_line(value)
    else:
        print_readable(value)
