"""Starting the browser app."""

import sys
from typing import Annotated

import typer

from resnet_viz.cli.options import Debug, guarded, in_range


@guarded
def open_app(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8501,
    browser: Annotated[bool, typer.Option(help="Open a browser window too.")] = True,
    debug: Debug = False,
) -> None:
    """Open the browser app."""
    from resnet_viz.cli.launch import serve

    in_range("port", port, 1, 65535)

    sys.exit(serve(port, browser=browser))
