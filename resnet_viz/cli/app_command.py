"""Starting the browser app."""

import sys
from typing import Annotated

import typer

from resnet_viz.cli.options import Debug, guarded


@guarded
def open_app(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 8501,
    browser: Annotated[bool, typer.Option(help="Open a browser window too.")] = True,
    debug: Debug = False,
) -> None:
    """Open the browser app."""
    from resnet_viz.cli.launch import serve

    sys.exit(serve(port, browser=browser))
