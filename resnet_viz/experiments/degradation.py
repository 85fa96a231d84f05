"""Degradation: deeper plain networks have a higher error, on the training images too.

He et al. 2015 (arXiv 1512.03385), fig. 6 and table 6. Curves recorded while the bundled twins were
trained, and a short training of twins of two depths on a subset.
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
from resnet_viz.experiments.measures.live_twins import Trained, trained
from resnet_viz.experiments.measures.walked_twins import told
from resnet_viz.experiments.settings import check_depths, in_range
from resnet_viz.records import Curve, Finding, Mark, Panel
from resnet_viz.spec import Kind, NetworkSpec


class Subset(StrEnum):
    """What the short training learns from."""

    DIGITS = "digits"  # 8 x 8 pixels, always there
    CIFAR10 = "cifar10"


@dataclass(frozen=True, kw_only=True)
class DegradationConfig:
    """``deepest`` leaves out deeper bundled twins; the others are of the short training.

    Without ``epochs`` nothing is trained.
    """

    deepest: int = 1202
    data: Subset = Subset.DIGITS
    images: int = 1000
    epochs: int = 4
    depths: tuple[int, ...] = (20, 56)
    seed: int = 0

    def __post_init__(self) -> None:
        in_range("images", self.images, 10, 50_000)
        in_range("epochs", self.epochs, 0, 1000)
        in_range("seed", self.seed, 0, 2**31 - 1)
        check_depths(self.depths)

    @property
    def work(self) -> float:
        """How long it takes, in units of its own."""
        size = 1 if self.data is Subset.DIGITS else 12  # measured
        return 1 + size * self.images * self.epochs * sum(self.depths)


def run(config: DegradationConfig) -> Iterator[Finding]:
    """The recorded curves at once, then the short training as it goes on."""
    found = recorded(config)
    if not config.epochs:
        yield found
        return
    yield replace(found, progress=0.0, answer=None)
    for live in trained(config.depths, data=config.data, images=config.images,
                        epochs=config.epochs, seed=config.seed):  # fmt: skip
        yield _with(found, live, config)


def _with(found: Finding, live: Trained, config: DegradationConfig) -> Finding:
    """The finding with the curves of the short training before the recorded ones."""
    curves = tuple(
        curve(name, range(1, len(e) + 1), e, kind=Kind.PLAIN if "plain" in name else Kind.RESIDUAL)
        for name, e in live.errors.items()
    )
    whole = live.share == 1
    ends = live.ends() | {f"live_{w}": float(d) for w, d in _range(config)} if whole else {}
    return replace(
        found,
        progress=live.share,
        panels=(Panel("live", "epoch", "train_error", curves), *found.panels),
        numbers={**found.numbers, **ends},
        answer=found.answer if whole else None,
    )


def _range(config: DegradationConfig) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("shallow", min(config.depths)), ("deep", max(config.depths))


def recorded(config: DegradationConfig) -> Finding:
    """Every bundled network with a recorded training, shallow before deep."""
    known = [n for n in _networks() if n.spec.depth <= config.deepest]
    if not known:
        raise CheckpointError("curves_missing", deepest=config.deepest)
    known.sort(key=lambda n: (n.spec.depth, n.spec.kind))
    numbers: dict[str, float] = {}
    for one in known:
        name, last = one.spec.name, one.curve[-1]
        numbers[f"{name}_train"] = 100 * last["train_error"]
        numbers[f"{name}_test"] = 100 * last["test_error"]
    deepest, shallow = known[-1].spec.depth, known[0].spec.depth
    for where, depth in (("shallow", shallow), ("deep", deepest)):
        epochs = [len(n.curve) for n in known if n.spec.depth == depth]
        numbers[f"{where}_epochs"] = float(max(epochs))
    for kind in ("resnet", "plain"):
        numbers[f"{kind}_shallow"] = numbers.get(f"{kind}{shallow}_train", float("nan"))
        numbers[f"{kind}_deep"] = numbers.get(f"{kind}{deepest}_train", float("nan"))
    numbers |= {"shallow": float(shallow), "deepest": float(deepest)}
    panels = (
        Panel("training", "epoch", "train_error", tuple(_history(known, "train_error"))),
        Panel("testing", "epoch", "test_error", tuple(_history(known, "test_error"))),
        Panel("depth", "depth", "test_error", tuple(_by_depth(known)), mark=Mark.POINTS),
        Panel("published", "depth", "test_error", tuple(_published())),
    )
    return Finding("degradation", asdict(config), 1.0, panels, numbers, _answer(numbers))


def _answer(numbers: dict[str, float]) -> str | None:
    """Whether depth made the plain network learn the training images worse; None for one depth.

    Depths may have been trained for different times, so the residual twins, each trained as its
    plain one, are the control: their change in error is taken off.
    """
    if numbers["shallow"] == numbers["deepest"]:
        return None
    plain = numbers["plain_deep"] - numbers["plain_shallow"]
    residual = numbers["resnet_deep"] - numbers["resnet_shallow"]
    return "worse" if plain > max(residual, 0) else "better"


@dataclass(frozen=True)
class _Network:
    """A bundled network and the epochs of its training."""

    spec: NetworkSpec
    curve: list[JsonObject]


def _networks() -> Iterator[_Network]:
    for name in bundled_names():
        metadata = told(name)
        if metadata.get("curve"):
            yield _Network(NetworkSpec.from_dict(metadata["spec"]), metadata["curve"])


def _history(known: list[_Network], what: str) -> Iterator[Curve]:
    for one in known:
        yield curve(
            one.spec.name,
            [epoch["epoch"] for epoch in one.curve],
            [100 * epoch[what] for epoch in one.curve],
            kind=one.spec.kind,
        )


def _by_depth(known: list[_Network]) -> Iterator[Curve]:
    by_kind = sorted(known, key=lambda n: n.spec.kind)
    for kind, own in groupby(by_kind, key=lambda n: n.spec.kind):
        networks = list(own)
        errors = [100 * n.curve[-1]["test_error"] for n in networks]
        yield curve(kind.value, [n.spec.depth for n in networks], errors)


def _published() -> Iterator[Curve]:
    for series in CIFAR10:
        yield curve(
            f"{series.kind}, {series.source}",
            series.errors.keys(),
            series.errors.values(),
            kind=Kind(series.kind),
        )
