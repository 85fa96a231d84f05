"""What decides an explanation, as part of a job's key."""

from collections.abc import Hashable

from resnet_viz.explain.explain_picture import ExplainRequest


def request_key(request: ExplainRequest) -> tuple[Hashable, ...]:
    """Return everything that decides an explanation, as a cache key."""
    return (
        request.method,
        request.layer,
        request.target,
        request.against,
        tuple(sorted(request.options.items())),
        request.seed,
        request.measures,
        request.effort,
    )
