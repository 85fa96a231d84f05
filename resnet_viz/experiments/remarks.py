"""What must be said beside a finding: where it and the literature disagree, and why it may."""

from collections.abc import Iterator

from resnet_viz.checkpoints.sources.bundled import bundled_names
from resnet_viz.core.text import Text
from resnet_viz.experiments.literature import PublishedNumber, compared_numbers
from resnet_viz.experiments.measures.walked_twins import told
from resnet_viz.records import Finding

_CHANCE = 10.0  # percent, ten classes
_PUBLISHED_EPOCHS = 164  # He 2015, sec. 4.2
_PLAIN_BAR = 40.0  # points that a plain network loses at least, at the median
_SHORT_TRAINING = ("lesion", "paths", "layer-responses", "refinement", "cka", "loss-landscape")


def remarks(found: Finding, text: Text) -> list[str]:
    """Sentences made of the numbers; none where nothing has to be said."""
    sentences = [
        text(
            "experiments.figure_differs",
            what=published_words(found.experiment, one.published, text),
            measured=f"{one.measured:.3g}",
            published=one.published.value,
            source=one.published.source,
        )
        for one in compared_numbers(found)
        if one.agrees is False
    ]
    if found.experiment in _SHORT_TRAINING and not found.settings.get("twins"):
        sentences += _training(int(found.settings["depth"]), text)
    if found.experiment == "lesion":
        sentences += _room(found, text)
    if "live_deep" in found.numbers:
        numbers = {n: f"{v:.3g}" for n, v in found.numbers.items() if n.startswith("live_")}
        sentences.append(text("experiment.degradation.live", **numbers))
    return sentences


def published_words(experiment: str, published: PublishedNumber, text: Text) -> str:
    """What a published number is of."""
    return text(f"experiment.{experiment}.figure_{published.what}")


def _training(depth: int, text: Text) -> Iterator[str]:
    """How the twins were trained, where that is shorter than what was published."""
    residual, plain = (_trained(f"{name}{depth}") for name in ("resnet", "plain"))
    if residual is None or plain is None or residual[0] >= _PUBLISHED_EPOCHS:
        return
    yield text(
        "experiments.short_training",
        epochs=residual[0],
        published=_PUBLISHED_EPOCHS,
        residual=f"{100 - residual[1]:.1f}",
        plain=f"{100 - plain[1]:.1f}",
    )


def _trained(name: str) -> tuple[int, float] | None:
    """Epochs and test error (percent) of a bundled network; None where it is not known."""
    if name not in bundled_names():
        return None
    curve = told(name).get("curve")
    return (len(curve), 100 * curve[-1]["test_error"]) if curve else None


def _room(found: Finding, text: Text) -> Iterator[str]:
    """A plain network that is hardly right cannot lose much: chance is the floor."""
    whole = found.numbers.get("plain_whole")
    if whole is not None and whole - _CHANCE < _PLAIN_BAR:
        yield text(
            "experiment.lesion.room", whole=f"{whole:.1f}", room=f"{max(whole - _CHANCE, 0):.1f}",
            bar=f"{_PLAIN_BAR:.0f}",
        )  # fmt: skip
