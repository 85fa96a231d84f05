"""The command ``doctor``."""

from resnet_viz.cli.options import Debug, Json, guarded, print_result


@guarded
def doctor(json: Json = False, debug: Debug = False) -> None:
    """Report what is installed and found, what is missing, and how to get it."""
    from resnet_viz.cli.examine import examine_installation

    print_result(examine_installation(), json)
