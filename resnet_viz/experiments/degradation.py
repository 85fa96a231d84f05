"""Experiment "degradation": deeper plain networks have a higher error, even on training images.

He et al. 2015 (arXiv 1512.03385), fig. 6 and table 6. Uses the training curves of the bundled
twins, and a short training of twins of several depths on a small data set.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from itertools import groupby

from resnet_viz.checkpoints.sources.bundled import bundled_names
from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import CheckpointError
from resnet_viz.experiments.literature import CIFAR10
from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.live_twins import ShortTraining, train_twins
from resnet_viz.experiments.measures.walked_twins import bundled_metadata
from resnet_viz.experiments.settings import check_depths, in_range
from resnet_viz.records import Curve, Finding, Mark, Panel
from resnet_viz.spec import Kind, NetworkSpec


class Subset(StrEnum):
    """The data set of the short training."""

    DIGITS = "digits"  # 8 x 8 pixels; needs no download
    CIFAR10 = "cifar10"


@dataclass(frozen=True, kw_only=True)
class DegradationConfig:
    """Settings of the experiment; all but ``deepest`` belong to the short training."""

    deepest: int = 1202  # ignore the curves of deeper bundled twins
    data: Subset = Subset.DIGITS
    images: int = 1000
    epochs: int = 4  # 0: no short training
    depths: tuple[int, ...] = (20, 56)
    seed: int = 0

    def __post_init__(self) -> None:
        in_range("images", self.images, 10, 50_000)
        in_range("epochs", self.epochs, 0, 1000)
        in_range("seed", self.seed, 0, 2**31 - 1)
        check_depths(self.depths)

    @property
    def work(self) -> float:
        """Relative cost; scales the recorded time."""
        cost_per_image = 1 if self.data is Subset.DIGITS else 12  # measured
        return 1 + cost_per_image * self.images * self.epochs * sum(self.depths)


def run(config: DegradationConfig) -> Iterator[Finding]:
    """Yield the finding of the recorded curves, then updates from the short training."""
    finding = recorded(config)
    if not config.epochs:
        yield finding
        return
    yield replace(finding, progress=0.0, answer=None)
    for training in train_twins(config.depths, data=config.data, images=config.images,
                                epochs=config.epochs, seed=config.seed):  # fmt: skip
        yield _with_short_training(finding, training, config)


def _with_short_training(
    finding: Finding, training: ShortTraining, config: DegradationConfig
) -> Finding:
    """Return the finding with the curves of the short training in front."""
    curves = tuple(
        curve(name, range(1, len(e) + 1), e, kind=Kind.PLAIN if "plain" in name else Kind.RESIDUAL)
        for name, e in training.errors.items()
    )
    done = training.share == 1
    numbers = dict(finding.numbers)
    if done:
        numbers |= training.final_errors()
        numbers["live_shallow"] = float(min(config.depths))
        numbers["live_deep"] = float(max(config.depths))
    return replace(
        finding,
        progress=training.share,
        panels=(Panel("live", "epoch", "train_error", curves), *finding.panels),
        numbers=numbers,
        answer=finding.answer if done else None,
    )


def recorded(config: DegradationConfig) -> Finding:
    """Return the finding from the training curves of the bundled networks.

    Raises
    ------
    CheckpointError
        If no bundled network of at most ``config.deepest`` layers has a training curve.

    """
    networks = [n for n in _networks() if n.spec.depth <= config.deepest]
    if not networks:
        raise CheckpointError("curves_missing", deepest=config.deepest)
    networks.sort(key=lambda n: (n.spec.depth, n.spec.kind))
    numbers: dict[str, float] = {}
    for network in networks:
        name, last = network.spec.name, network.curve[-1]
        numbers[f"{name}_train"] = 100 * last["train_error"]
        numbers[f"{name}_test"] = 100 * last["test_error"]
    deepest, shallow = networks[-1].spec.depth, networks[0].spec.depth
    for word, depth in (("shallow", shallow), ("deep", deepest)):
        epochs = [len(n.curve) for n in networks if n.spec.depth == depth]
        numbers[f"{word}_epochs"] = float(max(epochs))
    for kind in ("resnet", "plain"):
        numbers[f"{kind}_shallow"] = numbers.get(f"{kind}{shallow}_train", float("nan"))
        numbers[f"{kind}_deep"] = numbers.get(f"{kind}{deepest}_train", float("nan"))
    numbers |= {"shallow": float(shallow), "deepest": float(deepest)}
    panels = (
        Panel("training", "epoch", "train_error", tuple(_by_epoch(networks, "train_error"))),
        Panel("testing", "epoch", "test_error", tuple(_by_epoch(networks, "test_error"))),
        Panel("depth", "depth", "test_error", tuple(_by_depth(networks)), mark=Mark.POINTS),
        Panel("published", "depth", "test_error", tuple(_published())),
    )
    return Finding("degradation", asdict(config), 1.0, panels, numbers, _answer(numbers))


def _answer(numbers: dict[str, float]) -> str | None:
    """Return "worse" if depth raised the plain network's training error; None for one depth.

    Networks of different depths may have been trained for different numbers of epochs. The
    residual twins, trained in the same way, are the control: plain networks must lose more.
    """
    if numbers["shallow"] == numbers["deepest"]:
        return None
    plain = numbers["plain_deep"] - numbers["plain_shallow"]
    residual = numbers["resnet_deep"] - numbers["resnet_shallow"]
    return "worse" if plain > max(residual, 0) else "better"


@dataclass(frozen=True)
class _Network:
    """A bundled network and its training curve, one entry per epoch."""

    spec: NetworkSpec
    curve: list[JsonObject]


def _networks() -> Iterator[_Network]:
    for name in bundled_names():
        metadata = bundled_metadata(name)
        if metadata.get("curve"):
            yield _Network(NetworkSpec.from_dict(metadata["spec"]), metadata["curve"])


def _by_epoch(networks: list[_Network], error: str) -> Iterator[Curve]:
    for network in networks:
        yield curve(
            network.spec.name,
            [epoch["epoch"] for epoch in network.curve],
            [100 * epoch[error] for epoch in network.curve],
            kind=network.spec.kind,
        )


def _by_depth(networks: list[_Network]) -> Iterator[Curve]:
    by_kind = sorted(networks, key=lambda n: n.spec.kind)
    for kind, group in groupby(by_kind, key=lambda n: n.spec.kind):
        same_kind = list(group)
        errors = [100 * n.curve[-1]["test_error"] for n in same_kind]
        yield curve(kind.value, [n.spec.depth for n in same_kind], errors)


def _published() -> Iterator[Curve]:
    for series in CIFAR10:
        yield curve(
            f"{series.kind}, {series.source}",
            series.errors.keys(),
            series.errors.values(),
            kind=Kind(series.kind),
        )
