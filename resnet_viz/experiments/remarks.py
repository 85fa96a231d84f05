"""Remarks on a finding: where it disagrees with the literature, and possible reasons."""

from collections.abc import Iterator

from resnet_viz.checkpoints.sources.bundled_files import (
    bundled_footing,
    bundled_metadata,
    bundled_names,
)
from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.experiments.literature import PublishedNumber, compared_numbers
from resnet_viz.experiments.measures.batches import Images
from resnet_viz.experiments.verdict_sentences import placeholder
from resnet_viz.figures.comparison_drawing import network_title
from resnet_viz.figures.footing_words import unequal_footing
from resnet_viz.records import Finding
from resnet_viz.spec import NetworkSpec

_CHANCE = 10.0  # percent, ten classes
_PUBLISHED_EPOCHS = 164  # He 2015, sec. 4.2
_PLAIN_BAR = 40.0  # least median loss of a plain network, in percentage points
_SHORT_TRAINING = ("lesion", "paths", "layer-responses", "refinement", "cka", "loss-landscape")


def remarks(finding: Finding, text: Text) -> list[str]:
    """Return the remarks on a finding, one sentence each; may be empty."""
    sentences = []
    if finding.settings.get("source") == Images.CIFAR10:
        images = f"{finding.settings['images']:,}"
        sentences.append(text("experiments.images_used", images=images))
    sentences += [
        text(
            "experiments.figure_differs",
            what=published_label(finding.experiment, number.published, text),
            measured=readable(number.measured),
            published=number.published.value,
            source=number.published.source,
        )
        for number in compared_numbers(finding)
        if number.agrees is False
    ]
    if finding.experiment in _SHORT_TRAINING and not finding.settings.get("twins"):
        sentences += _training(int(finding.settings["depth"]), text)
    if finding.experiment == "lesion":
        sentences += _room(finding, text)
    if finding.experiment == "degradation":
        sentences += _unequal(finding, text)
    sentences += [text(key, **words_of(finding)) for key in _remarks_of(finding)]
    return sentences


def words_of(finding: Finding) -> dict[str, str]:
    """Return the numbers of a finding as words for a sentence."""
    return {placeholder(name): readable(value) for name, value in finding.numbers.items()}


def _remarks_of(finding: Finding) -> Iterator[str]:
    """Yield the sentences that the numbers of a complete finding call for."""
    numbers = finding.numbers
    if "shape_least" in numbers:
        holds = numbers["shape_least"] > numbers["keeps_most"]
        yield f"experiment.lesion.exception_{'holds' if holds else 'fails'}"
    if "monotone" in numbers:
        if not numbers["monotone"]:
            yield "experiment.shortcut-strength.not_monotone"
        if numbers["highest_first_loss_at"] == numbers["strongest"]:
            yield "experiment.shortcut-strength.starts_high"
        yield "experiment.shortcut-strength.elsewhere"
    if "live_deep" in numbers:
        yield "experiment.degradation.live"


def published_label(experiment: str, published: PublishedNumber, text: Text) -> str:
    """Return the description of a published number."""
    return text(f"experiment.{experiment}.figure_{published.what}", **published.words)


def _training(depth: int, text: Text) -> Iterator[str]:
    """Yield a remark if the bundled twins were trained for fewer epochs than published."""
    residual, plain = (_epochs_and_error(f"{name}{depth}") for name in ("resnet", "plain"))
    if residual is None or plain is None or residual[0] >= _PUBLISHED_EPOCHS:
        return
    yield text(
        "experiments.short_training",
        epochs=residual[0],
        published=_PUBLISHED_EPOCHS,
        residual=f"{100 - residual[1]:.1f}",
        plain=f"{100 - plain[1]:.1f}",
    )


def _unequal(finding: Finding, text: Text) -> Iterator[str]:
    """Yield a remark if the residual networks of a finding were not trained alike."""
    names = [name.removesuffix("_train") for name in finding.numbers if name.endswith("_train")]
    networks = [
        (network_title(NetworkSpec.preset(name), text), bundled_footing(name))
        for name in names
        if name.startswith("resnet")
    ]
    if sentence := unequal_footing(networks, text):
        yield sentence


def _epochs_and_error(name: str) -> tuple[int, float] | None:
    """Return the epochs and the test error (percent) of a bundled network; None if unknown."""
    if name not in bundled_names():
        return None
    curve = bundled_metadata(name).get("curve")
    return (len(curve), 100 * curve[-1]["test_error"]) if curve else None


def _room(finding: Finding, text: Text) -> Iterator[str]:
    """Yield a remark if the plain network is too close to chance to lose much accuracy."""
    whole = finding.numbers.get("plain_whole")
    if whole is not None and whole - _CHANCE < _PLAIN_BAR:
        yield text(
            "experiment.lesion.room", whole=f"{whole:.1f}", room=f"{max(whole - _CHANCE, 0):.1f}",
            bar=f"{_PLAIN_BAR:.0f}",
        )  # fmt: skip
