"""Networks as JSON values, so that a background run can load what a page has chosen."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from resnet_viz.checkpoints.load import NetworkChoice, load_both, load_choice, load_one
from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.checkpoints.ref import WeightChoice
from resnet_viz.records import WeightSource
from resnet_viz.spec import NetworkSpec


@dataclass(frozen=True)
class Named:
    """One network as the command line names it: a weights file, or a name and kind of weights."""

    network: str = ""
    checkpoint: str = ""
    weights: str = ""
    seed: int = 0

    def load(self, device: str) -> Loaded:
        """In evaluation mode, on ``device``."""
        path = Path(self.checkpoint) if self.checkpoint else None
        loaded = load_one(self.network, path, self.weights, self.seed)
        loaded.network.to(device)
        return loaded

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, for ``load_networks``."""
        return {"named": asdict(self)}


def chosen_to_dict(first: NetworkChoice, second: NetworkChoice | None) -> dict[str, Any]:
    """Both sides of a page as JSON values, for ``load_networks``."""
    return {"first": _to_dict(first), "second": second and _to_dict(second)}


def load_networks(values: Mapping[str, Any], device: str) -> list[Loaded]:
    """One network or two, as ``Named.to_dict`` or ``chosen_to_dict`` described them."""
    if "named" in values:
        return [Named(**values["named"]).load(device)]
    second = values["second"] and _from_dict(values["second"])
    pair = load_both(_from_dict(values["first"]), second, device)
    return [pair.first, pair.second]


def load_side(values: Mapping[str, Any], side: int, device: str) -> Loaded:
    """One of both."""
    if side == 0 and "named" not in values:
        loaded = load_choice(_from_dict(values["first"]))
        loaded.network.to(device)
        return loaded
    return load_networks(values, device)[side]


def _to_dict(choice: NetworkChoice) -> dict[str, Any]:
    weights = {
        field: str(value) if isinstance(value, Path) else value
        for field, value in asdict(choice.weights).items()
    }
    return {
        "name": choice.name,
        "weights": weights,
        "design": choice.design and choice.design.to_dict(),
        "labels": list(choice.labels),
    }


def _from_dict(values: Mapping[str, Any]) -> NetworkChoice:
    told = values["weights"]
    weights = WeightChoice(
        WeightSource(told["source"]),
        int(told["seed"]),
        path=_path(told["path"]),
        plain_path=_path(told["plain_path"]),
        title=told["title"],
        plain=WeightSource(told["plain"]),
    )
    design = values["design"] and NetworkSpec.from_dict(values["design"])
    return NetworkChoice(values["name"], weights, design, tuple(values["labels"]))


def _path(value: object) -> Path | None:
    return None if value is None else Path(str(value))
