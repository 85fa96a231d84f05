"""The command ``networks``."""

from resnet_viz.cli.shared import Debug, Json, guarded, print_result


@guarded
def networks(json: Json = False, debug: Debug = False) -> None:
    """List the networks there are, with depth, parameters and multiply-accumulates."""
    from resnet_viz.networks.layers import layer_table
    from resnet_viz.spec import PRESETS

    rows = [
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
    print_result(rows, json)
