"""Experiment "degradation": deeper plain networks have a higher error, even on training images.

He et al. 2015 (arXiv 1512.03385), fig. 6 and table 6. Uses the training curves of the bundled
twins, and a short training of twins of several depths on a small data set.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from math import nan

from resnet_viz.checkpoints.sources.bundled_files import bundled_metadata, bundled_names
from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import CheckpointError
from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.live_twins import ShortTraining, train_twins
from resnet_viz.experiments.measures.spread import exact, spanned
from resnet_viz.experiments.settings import check_depths, in_range
from resnet_viz.records import Curve, Finding, Panel
from resnet_viz.spec import Kind, NetworkSpec

_LAST_EPOCHS = 3  # whose range is the spread of an error


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
    yield replace(finding, progress=0.0)
    for training in train_twins(config.depths, data=config.data, images=config.images,
                                epochs=config.epochs, seed=config.seed):  # fmt: skip
        yield _with_short_training(finding, training, config)


def _with_short_training(
    finding: Finding, training: ShortTraining, config: DegradationConfig
) -> Finding:
    """Return the finding with the curves of the short training behind it.

    A few epochs show who learns faster, which is not the degradation of trained networks.
    """
    curves = tuple(
        curve(
            name, range(1, len(e) + 1), e, kind=Kind.PLAIN if "plain" in name else Kind.RESIDUAL,
            note=_percent(e),
        )
        for name, e in training.errors.items()
    )  # fmt: skip
    numbers = dict(finding.numbers)
    if training.share == 1:
        numbers |= training.final_errors()
        numbers["live_shallow"] = float(min(config.depths))
        numbers["live_deep"] = float(max(config.depths))
        numbers["live_epochs"] = float(config.epochs)
    return replace(
        finding,
        progress=training.share,
        panels=(*finding.panels, Panel("speed", "epoch", "train_error", curves)),
        numbers=numbers,
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
    numbers |= _by_depth(networks)
    panels = (
        Panel("training", "epoch", "train_error", tuple(_by_epoch(networks, "train_error"))),
        Panel(
            "testing", "epoch", "test_error", tuple(_by_epoch(networks, "test_error")),
            behind="training",
        ),
    )  # fmt: skip
    return Finding("degradation", asdict(config), 1.0, panels, numbers)


def _by_depth(networks: Sequence["_Network"]) -> dict[str, float]:
    """Return what the last epochs say about the shallowest and the deepest networks."""
    shallow, deepest = networks[0].spec.depth, _deepest_alike(networks)
    twins = {(n.spec.kind, n.spec.depth): n for n in networks}
    numbers = {"shallow": float(shallow), "deepest": float(deepest)}
    for word, depth in (("shallow", shallow), ("deep", deepest)):
        epochs = [len(n.curve) for n in networks if n.spec.depth == depth]
        numbers[f"{word}_epochs"] = float(max(epochs))
    for kind, name in ((Kind.RESIDUAL, "resnet"), (Kind.PLAIN, "plain")):
        numbers[f"{name}_shallow"] = numbers[f"{name}_deep"] = nan
        if (kind, shallow) in twins:
            numbers[f"{name}_shallow"] = twins[kind, shallow].last("train_error")[-1]
        if (kind, deepest) in twins:
            numbers[f"{name}_deep"] = twins[kind, deepest].last("train_error")[-1]
    ends = [(kind, depth) for kind in (Kind.PLAIN, Kind.RESIDUAL) for depth in (shallow, deepest)]
    if shallow == deepest or any(end not in twins for end in ends):
        return numbers
    lengths = [len(twins[end].curve) for end in ends]
    return {
        **numbers,
        **exact("epochs_gap", max(lengths) - min(lengths)),
        **_changes(*(twins[end] for end in ends)),
    }


def _deepest_alike(networks: Sequence["_Network"]) -> int:
    """Return the depth of the deepest twins with as many epochs as the shallowest network.

    Networks that were trained for longer or shorter stay in the plot; they decide nothing, unless
    there is no other depth.
    """
    epochs = len(networks[0].curve)
    other = {n.spec.depth for n in networks if len(n.curve) != epochs}
    alike = [n.spec.depth for n in networks if n.spec.depth not in other]
    several = len(set(alike)) > 1
    return max(alike) if several else networks[-1].spec.depth


def _changes(
    plain: "_Network", deep_plain: "_Network", residual: "_Network", deep_residual: "_Network"
) -> dict[str, float]:
    """Return the changes of the errors from shallow to deep, in points.

    The spread is that of all pairs of the last epochs. The residual networks are the control: what
    depth does to the plain ones in excess of them is not the recipe's doing.
    """
    train, test = (
        _differences(plain, deep_plain, error) for error in ("train_error", "test_error")
    )
    control = _differences(residual, deep_residual, "train_error")
    excess = [p - r for p in train for r in control]
    return {
        **spanned("train_change", train[-1], train),
        **spanned("test_change", test[-1], test),
        **spanned("control_change", control[-1], control),
        **spanned("excess_change", train[-1] - control[-1], excess),
    }


def _differences(shallow: "_Network", deep: "_Network", error: str) -> list[float]:
    return [b - a for a in shallow.last(error) for b in deep.last(error)]


@dataclass(frozen=True)
class _Network:
    """A bundled network and its training curve, one entry per epoch."""

    spec: NetworkSpec
    curve: list[JsonObject]

    def last(self, error: str) -> list[float]:
        """Return the errors of the last epochs, in percent."""
        return [100 * epoch[error] for epoch in self.curve[-_LAST_EPOCHS:]]


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
            errors := [100 * epoch[error] for epoch in network.curve],
            kind=network.spec.kind,
            note=_percent(errors),
        )


def _percent(errors: Sequence[float]) -> str:
    return f"{errors[-1]:.1f} %"
