"""Degradation: deeper plain networks have a higher error, on the training images too.

He et al. 2015 (arXiv 1512.03385), fig. 6 and table 6. The curves are those recorded while the
bundled twins were trained; nothing is trained here.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby

from resnet_viz.checkpoints.bundled import bundled_names, load_bundled
from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.errors import CheckpointError
from resnet_viz.experiments.curves import curve
from resnet_viz.experiments.published import CIFAR10
from resnet_viz.records import Curve, Finding, Mark, Panel
from resnet_viz.spec import Kind


@dataclass(frozen=True, kw_only=True)
class DegradationConfig:
    """``deepest`` leaves out deeper twins."""

    deepest: int = 1202


def run(config: DegradationConfig) -> Iterator[Finding]:
    """Every bundled network with a recorded training, shallow before deep."""
    networks = [load_bundled(name) for name in bundled_names()]
    known = [n for n in networks if n.training.get("curve") and _depth(n) <= config.deepest]
    if not known:
        raise CheckpointError("curves_missing", deepest=config.deepest)
    known.sort(key=lambda n: (_depth(n), n.network.spec.kind))
    numbers: dict[str, float] = {}
    for loaded in known:
        name, last = loaded.network.spec.name, loaded.training["curve"][-1]
        numbers[f"{name}_train"] = 100 * last["train_error"]
        numbers[f"{name}_test"] = 100 * last["test_error"]
    deepest = max(map(_depth, known))
    shallow = min(map(_depth, known))
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
    yield Finding("degradation", asdict(config), 1.0, panels, numbers, _answer(numbers))


def _answer(numbers: dict[str, float]) -> str | None:
    """Whether the deeper plain network learned the training images worse; None for one depth."""
    if numbers["shallow"] == numbers["deepest"]:
        return None
    return "worse" if numbers["plain_deep"] > numbers["plain_shallow"] else "better"


def _depth(loaded: LoadedNetwork) -> int:
    return loaded.network.spec.depth


def _history(known: list[LoadedNetwork], what: str) -> Iterator[Curve]:
    for loaded in known:
        epochs = loaded.training["curve"]
        yield curve(
            loaded.network.spec.name,
            [epoch["epoch"] for epoch in epochs],
            [100 * epoch[what] for epoch in epochs],
            kind=loaded.network.spec.kind,
        )


def _by_depth(known: list[LoadedNetwork]) -> Iterator[Curve]:
    by_kind = sorted(known, key=lambda n: n.network.spec.kind)
    for kind, own in groupby(by_kind, key=lambda n: n.network.spec.kind):
        networks = list(own)
        errors = [100 * n.training["curve"][-1]["test_error"] for n in networks]
        yield curve(kind.value, [_depth(n) for n in networks], errors)


def _published() -> Iterator[Curve]:
    for series in CIFAR10:
        yield curve(
            f"{series.kind}, {series.source}",
            series.errors.keys(),
            series.errors.values(),
            kind=Kind(series.kind),
        )
