"""The first page's figure with a slider: the strength of the shortcuts, from 1 to 0.

``figures.first_visit_drawing`` draws it; the script exchanges the parts that change. The tiles
light up once, from left to right, unless the visitor prefers no motion.
"""

from resnet_viz.core.converter import JsonObject
from resnet_viz.ui.frame.components.register import register

_stage = register("block_stage")


def block_stage(block: str, bars: str, states: list[JsonObject], *, label: str, key: str) -> None:
    """Show the figure, with the slider between its halves.

    ``states`` are its changing parts by strength, ``label`` is the slider's.
    """
    _stage(data={"html": [block, bars], "states": states, "label": label}, key=key)
