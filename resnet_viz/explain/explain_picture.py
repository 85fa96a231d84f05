"""A loaded network's explanation of a picture, with its faithfulness scores."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.explain.baselines import baseline_image
from resnet_viz.explain.explaining import explaining
from resnet_viz.explain.faithfulness import measuring
from resnet_viz.explain.measures import CURVE_ENDS, MEASURES, Effort
from resnet_viz.explain.method_names import MethodName
from resnet_viz.explain.raw_map import PassesDone
from resnet_viz.pictures.decode import Picture
from resnet_viz.pictures.preprocess import photo, seen, to_batch, to_pixels
from resnet_viz.records import Pair, WeightSource, role_alone, roles_of
from resnet_viz.records.explained_picture import ExplainedPicture, Origin
from resnet_viz.records.explanation import Explanation
from resnet_viz.records.faithfulness_scores import FaithfulnessScore
from resnet_viz.records.map_facts import Fused

PHOTO_SIDE = 400  # pixels: the width of a picture on a screen 1280 pixels wide


@dataclass(frozen=True)
class ExplainRequest:
    """The arguments of ``explain``, the faithfulness measures to compute, and their effort."""

    method: MethodName = MethodName.GRAD_CAM
    layer: str | Fused | None = None
    target: int | None = None
    against: int | None = None
    options: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    measures: tuple[str, ...] = tuple(MEASURES)
    effort: Effort = field(default_factory=Effort)


def explain_picture_in_steps(
    loaded: Loaded, picture: Picture, request: ExplainRequest
) -> Iterator[PassesDone | ExplainedPicture]:
    """``explain_picture`` with progress: ``PassesDone`` after each batch, the record last."""
    pixels = seen(picture, loaded.preprocessing)
    network = loaded.network
    batch = to_batch([pixels], loaded.preprocessing).to(next(network.parameters()).device)
    explanation: Explanation | None = None
    for step in explaining(
        network,
        batch,
        request.method,
        layer=request.layer,
        target=request.target,
        against=request.against,
        options=request.options,
        seed=request.seed,
        keep_image=False,
    ):
        if isinstance(step, Explanation):
            explanation = step
        else:
            yield step
    assert explanation is not None
    scores = []
    for score in measuring(
        network, batch, explanation, effort=request.effort, measures=request.measures
    ):
        scores.append(score)
        yield PassesDone(len(scores), len(request.measures))
    emptied, blurred = (
        to_pixels(baseline_image(end, batch), loaded.preprocessing) for end in CURVE_ENDS
    )
    yield ExplainedPicture(
        role=role_alone(loaded.spec),
        name=picture.name,
        digest=picture.digest,
        origin=origin_of(loaded),
        classes=loaded.classes,
        seen=pixels,
        photo=photo(picture, loaded.preprocessing, PHOTO_SIDE),
        explanation=explanation,
        scores=tuple(scores),
        emptied=emptied,
        blurred=blurred,
    )


def scores_of(
    loaded: Loaded, explained: ExplainedPicture, measure: str, effort: Effort | None = None
) -> tuple[FaithfulnessScore, ...]:
    """One measure's scores of an explanation that is there; none for a map that is not finite."""
    batch = to_batch([explained.seen], loaded.preprocessing)
    batch = batch.to(next(loaded.network.parameters()).device)
    found = measuring(
        loaded.network, batch, explained.explanation, effort=effort, measures=[measure]
    )
    return tuple(found)


def origin_of(loaded: Loaded) -> Origin:
    """The network's spec and where its weights come from."""
    random = loaded.source is WeightSource.RANDOM
    return Origin(
        spec=loaded.spec,
        source=loaded.source,
        weights=loaded.weights,
        seed=int(loaded.training.get("seed", 0)) if random else None,
        path=None if loaded.path is None else str(loaded.path),
        footing=loaded.footing,
    )


def explain_picture(loaded: Loaded, picture: Picture, request: ExplainRequest) -> ExplainedPicture:
    """Explain a picture as the network sees it, and measure the map; errors as for ``explain``."""
    steps = explain_picture_in_steps(loaded, picture, request)
    return next(step for step in steps if isinstance(step, ExplainedPicture))


def side_by_side(first: ExplainedPicture, second: ExplainedPicture) -> Pair[ExplainedPicture]:
    """Return two networks' explanations of one picture with their roles in the comparison."""
    pair = Pair(first, second)
    roles = roles_of(pair.map(lambda one: one.origin.spec))
    return pair.join(roles).map(lambda both: replace(both[0], role=both[1]))
