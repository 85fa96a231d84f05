"""What the shortcuts of one network cost, and what its whole relatives cost."""

from dataclasses import replace

from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.spread import exact
from resnet_viz.networks.tables.totals import shortcut_cost, totals
from resnet_viz.records import Finding, Mark, Panel
from resnet_viz.spec import NetworkSpec, Shortcut

_NETWORK = "resnet20"
_OPTIONS = {
    "a": Shortcut.ZERO_PAD,
    "b": Shortcut.PROJECTION,
    "c": Shortcut.PROJECTION_ALL,
}
_WHOLE = ("resnet18", "resnet34", "resnet50", "resnet101")


def measure() -> Finding:
    """Count parameters, multiply-accumulates and bytes kept for backward; nothing is built."""
    spec = NetworkSpec.preset(_NETWORK)
    numbers = exact("branches", totals(spec.plain()).parameters)
    parameters = []
    for option, shortcut in _OPTIONS.items():
        cost = shortcut_cost(replace(spec, shortcut=shortcut))
        parameters.append(cost.parameters)
        for name in ("parameters", "macs", "kept"):
            numbers |= exact(f"{option}_{name}", getattr(cost, name))
    whole = [totals(NetworkSpec.preset(name)) for name in _WHOLE]
    for name, cost_of_all in zip(_WHOLE, whole, strict=True):
        numbers |= exact(f"{name}_millions", cost_of_all.parameters / 1e6)
        numbers |= exact(f"{name}_giga", cost_of_all.macs / 1e9)
    places, options = range(len(_OPTIONS)), [f"option_{name}" for name in _OPTIONS]
    millions = [one.parameters / 1e6 for one in whole]
    panels = (
        Panel("options", "option", "parameters",
              (curve("shortcut_parameters", places, parameters, options),),
              mark=Mark.BARS),
        Panel("bottleneck", "network", "millions",
              (curve("parameters", range(len(_WHOLE)), millions, _WHOLE),), mark=Mark.BARS),
    )  # fmt: skip
    return Finding("shortcut-prices", {"network": _NETWORK}, 1.0, panels, numbers)
