"""Two networks on one picture, as one record."""

from dataclasses import replace

from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.pictures.decode import Picture
from resnet_viz.pictures.preprocess import Preprocessing, photo, seen, to_batch
from resnet_viz.probe.analyze import analyze, score_named
from resnet_viz.probe.capture import default_layers, layer_names
from resnet_viz.records import (
    BLOCK_PARTS,
    Pair,
    Score,
    Side,
    WeightSource,
    role_alone,
    roles_of,
)
from resnet_viz.results.comparison_result import Comparison
from resnet_viz.spec.layer_names import part_of

PHOTO_SIDE = 400  # pixels: the width of a picture on a screen 1280 pixels wide


def page_layers(loaded: Loaded) -> list[str]:
    """The layers of a comparison: convolutions, blocks and their three parts, and the head."""
    blocks = loaded.spec.blocks()
    wanted = {*default_layers(loaded.network), *blocks}
    wanted |= {f"{block}.{part}" for block in blocks for part in BLOCK_PARTS}
    return [name for name in layer_names(loaded.network) if name in wanted]


def analyse_side(loaded: Loaded, picture: Picture, *, target: int | None, score: Score) -> Side:
    """One network on one picture: all ``page_layers`` and all parameter gradients in one pass."""
    network = loaded.network
    batch = to_batch([seen(picture, loaded.preprocessing)], loaded.preprocessing)
    analysis = analyze(
        network,
        batch.to(next(network.parameters()).device),
        target=target,
        layers=page_layers(loaded),
        score=score,
        parameters=True,
    )
    return Side(
        role=role_alone(loaded.spec),
        spec=loaded.spec,
        source=loaded.source,
        weights=loaded.weights,
        classes=loaded.classes,
        analysis=analysis,
        main_layers=tuple(name for name in analysis.layers if _is_main(name)),
        path=None if loaded.path is None else str(loaded.path),
        footing=loaded.footing,
        seed=loaded.training.get("seed") if loaded.source is WeightSource.RANDOM else None,
    )


def _is_main(layer: str) -> bool:
    return part_of(layer) not in BLOCK_PARTS


def compare(
    pair: Pair[Loaded],
    picture: Picture,
    *,
    target: int | None = None,
    score: Score | str = Score.LOGIT,
) -> Comparison:
    """Analyse both networks on one picture.

    ``target`` is a class number; None takes each network's own top class. Errors as for
    ``analyze``.
    """
    kind = score_named(score)
    sides = pair.map(lambda loaded: analyse_side(loaded, picture, target=target, score=kind))
    return combined(picture, pair.first.preprocessing, sides, target)


def combined(
    picture: Picture, preprocessing: Preprocessing, sides: Pair[Side], target: int | None
) -> Comparison:
    """One record of two sides that were analysed on the same picture; each gets its role."""
    roles = roles_of(sides.map(lambda side: side.spec))
    return Comparison(
        name=picture.name,
        digest=picture.digest,
        seen=seen(picture, preprocessing),
        photo=photo(picture, preprocessing, PHOTO_SIDE),
        target=target,
        sides=sides.join(roles).map(lambda both: replace(both[0], role=both[1])),
    )
