"""Starting the browser app."""

import sys
from typing import Annotated

import typer

from resnet_viz.cli.options import Debug, guarded, in_range
from resnet_viz.core.errors import OptionError

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@guarded
def open_app(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8501,
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on; 0.0.0.0 for all of this machine's, with --open or "
            "--class-code."
        ),
    ] = "127.0.0.1",
    open_: Annotated[
        bool, typer.Option("--open", help="Let in everybody who reaches the address.")
    ] = False,
    class_code: Annotated[str, typer.Option(help="Let in whoever types this code once.")] = "",
    shared: Annotated[
        bool, typer.Option(help="Let all visitors see and change the runs of all.")
    ] = False,
    teacher_key: Annotated[
        str, typer.Option(help="Opens everything of everybody at /?teacher=KEY; by default random.")
    ] = "",
    trusted_host: Annotated[
        list[str] | None,
        typer.Option(help="A name by which browsers may call the server; may be repeated."),
    ] = None,
    frame_ancestor: Annotated[
        list[str] | None,
        typer.Option(help="An https:// origin that may show the app in a frame; may be repeated."),
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open a browser window too.")] = True,
    debug: Debug = False,
) -> None:
    """Open the browser app, for yourself or for a class."""
    from resnet_viz.cli.launch import serve
    from resnet_viz.cli.serving_options import announced, serving_of

    in_range("port", port, 1, 65535)
    alone = host in _LOOPBACK and not (open_ or class_code or shared)
    if host not in _LOOPBACK and not (open_ or class_code):
        raise OptionError("app_audience", host=host[:80])
    how = serving_of(
        alone=alone,
        shared=shared,
        class_code=class_code.strip(),
        teacher_key=teacher_key.strip(),
        hosts=trusted_host or [],
        frames=frame_ancestor or [],
    )
    for line in announced(how, host, port):
        typer.echo(line)
    sys.exit(serve(port, browser=browser and host in _LOOPBACK, host=host, serving=how))
