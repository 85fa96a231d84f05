"""What stands above a network's maps, and the channels of its layer."""

from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.core.number_format import percent
from resnet_viz.core.text import Text
from resnet_viz.networks.tables.layer_table import layer_table
from resnet_viz.records import WeightSource
from resnet_viz.records.explained_picture import ExplainedPicture
from resnet_viz.records.map_facts import Fused
from resnet_viz.spec import NetworkSpec, ZooSpec
from resnet_viz.ui.frame.words import class_label


def side_title(title: str, loaded: Loaded, explained: ExplainedPicture | None, text: Text) -> str:
    """Return a title with the explained class; an untrained network has no opinion on it."""
    if explained is None:
        return title
    target = class_label(explained.target_label, text)
    if loaded.source is WeightSource.RANDOM:
        return text("explain.side_untrained", network=title, target=target)
    share = percent(float(explained.probabilities[explained.target]))
    return text("explain.side", network=title, target=target, probability=share)


def why(
    explained: tuple[ExplainedPicture, ExplainedPicture], names: tuple[str, str], text: Text
) -> str:
    """Return the question that the maps answer."""
    targets = [class_label(one.target_label, text) for one in explained]
    if targets[0] == targets[1]:
        return text("explain.why", target=targets[0])
    return text("explain.why_each", first=names[0], first_target=targets[0], second=names[1],
                second_target=targets[1])  # fmt: skip


def layer_channels(spec: NetworkSpec | ZooSpec, layer: str | Fused | None) -> int | None:
    """Return how many channels a layer has, or the last of several; None where nobody knows."""
    if isinstance(spec, ZooSpec):
        return None
    name = layer.layers[-1] if isinstance(layer, Fused) and layer.layers else layer
    name = name if isinstance(name, str) else spec.blocks()[-1]
    rows = [row for row in layer_table(spec) if row.name == name or row.name.startswith(f"{name}.")]
    return rows[-1].shape[0] if rows else None
