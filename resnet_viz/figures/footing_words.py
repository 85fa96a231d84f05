"""Trained networks with what they reached, and a word where they were not trained alike."""

from collections.abc import Sequence

from resnet_viz.core.text import Text
from resnet_viz.records import Footing, differences

#: Settings with a name and values in the sentence; others are named together, without values.
_NAMED = (
    "data", "epochs", "images", "learning_rate", "batch_size", "optimiser", "schedule",
    "shift", "flip", "weight_decay", "precision", "parts",
)  # fmt: skip


def with_footing(title: str, footing: Footing | None, text: Text) -> str:
    """A network's title with test accuracy and epochs: plain-56, 68%, 16 epochs."""
    if footing is None:
        return title
    return text(
        "footing.one_epoch" if footing.epochs == 1 else "footing.reached",
        network=title,
        accuracy=f"{footing.accuracy:.0%}",
        epochs=footing.epochs,
    )


def unequal_footing(networks: Sequence[tuple[str, Footing | None]], text: Text) -> str:
    """One sentence if networks that are shown together were not trained alike; otherwise "".

    ``networks``: a title and the footing of each; those without footing are left out.
    """
    known = [(title, footing) for title, footing in networks if footing is not None]
    unequal = differences([footing for _, footing in known])
    if not unequal:
        return ""
    parts = [
        text("footing.differs", what=text(f"footing.{name}"), values=" / ".join(unequal[name]))
        for name in _NAMED
        if name in unequal
    ]
    if not unequal.keys() <= {*_NAMED}:
        parts.append(text("footing.other"))
    return text(
        "footing.unequal",
        networks=text("footing.and").join(title for title, _ in known),
        differences=text("footing.comma").join(parts),
    )
