"""The command line, ``resnet-viz`` or ``python -m resnet_viz``: one file per command."""

import sys

import typer

from resnet_viz.cli.app_command import open_app
from resnet_viz.cli.compare_command import compare
from resnet_viz.cli.desktop_command import desktop
from resnet_viz.cli.diagnose_command import diagnose
from resnet_viz.cli.doctor_command import doctor
from resnet_viz.cli.experiment_command import experiment
from resnet_viz.cli.explain_command import explain
from resnet_viz.cli.export_command import export
from resnet_viz.cli.gradients_command import gradients
from resnet_viz.cli.lesson_command import lesson
from resnet_viz.cli.networks_command import networks
from resnet_viz.cli.repair_command import repair
from resnet_viz.cli.train_command import train
from resnet_viz.core.errors import InputError

_HELP = "See what residual connections do, on your own pictures and checkpoints."

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=_HELP
)
app.command("app")(open_app)
for command in (
    desktop,
    networks,
    export,
    compare,
    explain,
    gradients,
    experiment,
    lesson,
    train,
    diagnose,
    repair,
    doctor,
):
    app.command()(command)


def main() -> None:
    """Run a command. An error becomes one sentence on standard error and an exit code."""
    try:
        code = app(standalone_mode=False)
    except typer.TyperException as error:
        typer.echo(str(error), err=True)
        code = InputError.exit_code
    except typer.Abort:
        code = 130  # as the shell reports an interrupt
    sys.exit(code)
