"""The command ``networks``."""

from resnet_viz.cli.options import Debug, Json, guarded, print_result


@guarded
def networks(json: Json = False, debug: Debug = False) -> None:
    """List the networks with depth, parameters and multiply-accumulates."""
    from resnet_viz.networks.tables.layer_table import layer_table
    from resnet_viz.networks.zoo.catalog import ZOO
    from resnet_viz.spec import PRESETS

    own = [
        {
            "name": name,
            "family": preset.spec.family,
            "depth": preset.depth,
            "parameters": preset.parameters,
            "macs": sum(layer.macs for layer in layer_table(preset.spec)),
            "input_size": preset.spec.input_size,
            **_bundled(name),
        }
        for name, preset in PRESETS.items()
    ]
    zoo = [
        {
            "name": name,
            "family": row.family,
            "depth": row.depth,
            "parameters": row.parameters,
            "macs": row.macs,
            "input_size": row.input_size,
            **_bundled(name),
        }
        for name, row in ZOO.items()
    ]
    print_result([*own, *zoo], json)


def _bundled(name: str) -> dict[str, float | int | None]:
    """Return what the bundled weights of a network reach, and after how many epochs."""
    from resnet_viz.checkpoints.sources.bundled_files import bundled_footing

    footing = bundled_footing(name)
    return {
        "test_accuracy": None if footing is None else round(footing.accuracy, 6),
        "epochs": None if footing is None else footing.epochs,
    }
