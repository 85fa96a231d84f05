"""What fills the wall: one job for each network, cheapest methods first."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.explain.explain_picture import ExplainRequest, explain_picture, scores_of
from resnet_viz.explain.method_names import MethodName
from resnet_viz.explain.method_passes import seconds_per_pass
from resnet_viz.explain.methods import METHODS, Cost
from resnet_viz.explain.stopping import stopping
from resnet_viz.jobs.job import ANSWERED, Job
from resnet_viz.jobs.running_thread import RunningThread
from resnet_viz.pictures.decode import Picture
from resnet_viz.records.map_facts import Fused
from resnet_viz.ui.explain.explanation_jobs import explanation_key, finished, scores_key
from resnet_viz.ui.explain.request_key import request_key
from resnet_viz.ui.frame.engines import measurements, results

_SCORES_BYTES = 2000


def cheapest_first() -> tuple[MethodName, ...]:
    """Return all methods, cheapest first; in one class of cost as in the table of methods."""
    return tuple(sorted(METHODS, key=lambda name: list(Cost).index(METHODS[name].cost)))


@dataclass(frozen=True)
class Filled:
    """A method that was explained and measured, or why it does not fit the network."""

    method: MethodName
    refused: ResnetVizError | None = None


@dataclass(frozen=True)
class Speed:
    """Seconds that one image takes forwards."""

    seconds: float


def with_method(request: ExplainRequest, method: MethodName) -> ExplainRequest:
    """Return the request for another method; a layer that this method cannot use is dropped."""
    row = METHODS[method]
    if method == request.method:
        return request
    fits = row.can_be_fused if isinstance(request.layer, Fused) else row.at_layer
    return replace(
        request,
        method=row.name,
        options=row.options_with(),
        layer=request.layer if fits else None,
    )


def fill_wall(
    loaded: Loaded, picture: Picture, request: ExplainRequest, methods: Sequence[str], measure: str
) -> RunningThread[Filled | Speed]:
    """Start explaining with all ``methods`` and measuring the maps; what is known is not repeated.

    Explanations and scores go to the shared results, where ``finished`` and ``known_scores`` find
    them; the job's records say how far it is.
    """
    requests = [with_method(request, MethodName(name)) for name in methods]
    stopped = threading.Event()

    def records() -> Iterator[Filled | Speed]:
        with stopping(stopped.is_set):
            yield Speed(seconds_per_pass(loaded))
            for one in requests:
                yield _filled(loaded, picture, one, measure)

    key = ("wall", loaded.digest, loaded.source, picture.digest, measure,
           *(request_key(one) for one in requests))  # fmt: skip
    return measurements().start(Job(key, records, cancel=stopped.set, kept=ANSWERED))


def _filled(loaded: Loaded, picture: Picture, request: ExplainRequest, measure: str) -> Filled:
    try:
        explained = finished(loaded, picture, request)
        if explained is None:
            explained = explain_picture(loaded, picture, replace(request, measures=()))
            key = explanation_key(loaded, picture, request)
            results().put(key, explained, explained.nbytes)
        key = scores_key(loaded, picture, request, measure)
        results().cached(key, lambda: scores_of(loaded, explained, measure), _SCORES_BYTES)
    except ResnetVizError as error:
        return Filled(request.method, error)
    return Filled(request.method)
