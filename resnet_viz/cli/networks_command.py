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
        }
        for name, row in ZOO.items()
    ]
    print_result([*own, *zoo], json)
