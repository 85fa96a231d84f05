"""The command ``export``."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from resnet_viz.cli.options import Debug, Json, guarded, print_result


@guarded
def export(
    out: Annotated[Path, typer.Option(help="A new folder for the files.")],
    network: Annotated[str, typer.Option(help="A network; see `networks`.")] = "resnet20",
    spec: Annotated[Path | None, typer.Option(help="A spec's JSON file, not a name.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the weights.")] = 0,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Export a network as source, spec and weights, and as ONNX if `onnx` is installed."""
    from resnet_viz.core.saving import new_folder
    from resnet_viz.networks.export.source import source_code
    from resnet_viz.networks.export.spec_file import read_spec, spec_to_json
    from resnet_viz.networks.export.weights_files import has_onnx, to_onnx, to_safetensors
    from resnet_viz.networks.resnet.model import build
    from resnet_viz.networks.tables.totals import totals
    from resnet_viz.spec import NetworkSpec

    design = read_spec(spec) if spec is not None else NetworkSpec.preset(network)
    built = build(design, seed=seed)
    files: dict[str, Callable[[], bytes]] = {
        "py": lambda: source_code(design).encode(),
        "json": lambda: spec_to_json(design).encode(),
        "safetensors": lambda: to_safetensors(built),
        **({"onnx": lambda: to_onnx(built)} if has_onnx() else {}),
    }
    with new_folder(out) as folder:
        for suffix, make in files.items():
            (folder / f"{design.name}.{suffix}").write_bytes(make())
    total = totals(design)
    result = {
        "network": design.name,
        "parameters": total.parameters,
        "macs": total.macs,
        "files": [str(out / f"{design.name}.{suffix}") for suffix in files],
    }
    print_result(result, json)
