"""The command ``diagnose``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resnet_viz.cli.options import Debug, Json, guarded, one_of, print_result
from resnet_viz.core.errors import CheckpointError
from resnet_viz.core.text import LANGUAGES, Text

if TYPE_CHECKING:
    from resnet_viz.checkpoints.identifying.identification import Identification


@guarded
def diagnose(
    checkpoint: Annotated[
        Path, typer.Argument(help=".pt .pth .th .ckpt .bin .tar .safetensors .onnx .h5 .keras .npz")
    ],
    images: Annotated[
        str | None, typer.Option(help="A folder or ZIP of pictures, or a known data set.")
    ] = None,
    network: Annotated[
        str, typer.Option(help="The network, if it is not identified; or a spec's JSON file.")
    ] = "",
    skip: Annotated[list[str] | None, typer.Option(help="A tensor to ignore; repeatable.")] = None,
    copy: Annotated[
        str, typer.Option(help="The set of weights to read, if the file has several.")
    ] = "",
    beside: Annotated[Path | None, typer.Option(help="A second checkpoint to compare.")] = None,
    out: Annotated[Path | None, typer.Option(help="A new .html file for the report.")] = None,
    code: Annotated[
        bool, typer.Option("--code", help="Print only the Python code that loads the file.")
    ] = False,
    language: Annotated[str, typer.Option(help="Language: en or zh.")] = "en",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Identify a checkpoint and report its defects."""
    from resnet_viz.diagnosis import diagnose as run
    from resnet_viz.networks.export.spec_file import parse_spec, read_spec
    from resnet_viz.report.diagnosis_report import write_diagnosis

    one_of("language", language, list(LANGUAGES))
    own = network.endswith(".json")
    spec = read_spec(Path(network)) if own else parse_spec(network)
    report = run.diagnose(checkpoint, images=images, spec=spec, skip=tuple(skip or ()), copy=copy)
    if code:
        if report.code is None:
            raise CheckpointError("checkpoint_no_code", name=report.name)
        typer.echo(report.code.program, nl=False)
        return
    if out is not None:
        write_diagnosis(report, out, Text(language))
    result = report.contract(Text(language))
    if beside is not None:
        result |= _second(
            run.identified(checkpoint, spec, tuple(skip or ()), copy), beside, images, language
        )
    print_result(result, json)


def _second(
    first: "Identification", path: Path, images: str | None, language: str
) -> dict[str, object]:
    """Return the second checkpoint's report and the comparison of both."""
    from resnet_viz.core.converter import encode
    from resnet_viz.diagnosis.compare_checkpoints import compare_checkpoints
    from resnet_viz.diagnosis.diagnose import diagnose, identified

    return {
        "second": diagnose(path, images=images).contract(Text(language)),
        "beside": encode(compare_checkpoints(first, identified(path), images)),
    }
