"""The command ``experiment``."""

import os
from pathlib import Path
from typing import Annotated

import typer

from resnet_viz.cli.options import Debug, Json, guarded, print_result


@guarded
def experiment(
    name: Annotated[str, typer.Argument(help="One of `experiment --list`.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="List the experiments.")] = False,
    small: Annotated[bool, typer.Option(help="Small settings, for a quick look.")] = False,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="A setting: images=1000; repeatable.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="A new folder for JSON and CSV.")] = None,
    language: Annotated[str, typer.Option(help="Language: en or zh.")] = "en",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Repeat a published experiment, or list them with --list."""
    from resnet_viz.cli.options import one_of
    from resnet_viz.core.text import LANGUAGES, Text
    from resnet_viz.experiments import registry
    from resnet_viz.experiments.finding_files import (
        experiment_description,
        finding_document,
        save_finding,
    )

    one_of("language", language, list(LANGUAGES))
    text = Text(language)
    if listed or not name:
        print_result(
            [experiment_description(row, text) for row in registry.EXPERIMENTS.values()], json
        )
        return
    row = registry.find_experiment(name)
    config = row.settings(_settings(setting or []), small=small)
    if out is not None:
        _must_be_new(out)
    finding = list(row.run(config))[-1]
    if out is not None:
        save_finding(finding, out, text)
    document = finding_document(finding, text)
    print_result(document if json else {k: document[k] for k in _SHORT}, json)


#: Printed as text; the curves are in the JSON only.
_SHORT = ("experiment", "caption", "outcome", "verdict", "remarks", "numbers", "citation")


def _settings(options: list[str]) -> dict[str, str]:
    from resnet_viz.core.errors import OptionError

    values = {}
    for pair in options:
        name, sign, value = pair.partition("=")
        if not sign:
            raise OptionError("setting_form", value=pair[:80])
        values[name.strip()] = value.strip()
    return values


def _must_be_new(folder: Path) -> None:
    """Refuse an existing folder before any computation."""
    from resnet_viz.core.errors import OutputError

    if os.path.exists(folder):
        raise OutputError("folder_exists", folder=str(folder))
