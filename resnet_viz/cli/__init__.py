"""The command line: ``resnet-viz``, or ``python -m resnet_viz``; one file a command."""

import sys

import typer

from resnet_viz.cli.app import open_app
from resnet_viz.cli.compare import compare
from resnet_viz.cli.diagnose import diagnose
from resnet_viz.cli.doctor import doctor
from resnet_viz.cli.experiment import experiment
from resnet_viz.cli.explain import explain
from resnet_viz.cli.export import export
from resnet_viz.cli.gradients import gradients
from resnet_viz.cli.networks import networks
from resnet_viz.cli.train import train
from resnet_viz.core.errors import InputError

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__
)
app.command("app")(open_app)
for command in (networks, export, compare, explain, gradients, experiment, train, diagnose, doctor):
    app.command()(command)


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
