"""How faithful a map is: of ``explain``, or of anybody else's method."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from resnet_viz.core.errors import NetworkError, OptionError, TargetError
from resnet_viz.explain.baselines import OWN, Baseline, baseline_image
from resnet_viz.explain.explaining import explaining
from resnet_viz.explain.measures import (
    CURVE_ENDS,
    MEASURES,
    REPEATING,
    Again,
    Effort,
    MapOfImage,
)
from resnet_viz.explain.score_image import score_image
from resnet_viz.explain.scored_image import ClassOrFunction, ScoredImage
from resnet_viz.pictures.decode import Picture
from resnet_viz.probe.inputs import Inputs, Network, as_batch, checked_network, network_name
from resnet_viz.probe.layouts import ReshapeOption
from resnet_viz.records import Activation
from resnet_viz.records.explanation import Explanation
from resnet_viz.records.faithfulness_scores import FaithfulnessScore
from resnet_viz.results.faithfulness_result import Faithfulness

#: A map (*positions), or attributions of every input value (channel, *positions), with or without
#: batch axes of one; or the function that makes it of a network and a batch of one image.
OwnMap: TypeAlias = np.ndarray | Tensor | Sequence[Tensor] | Callable[[nn.Module, Tensor], object]


def faithfulness(  # noqa: PLR0913  # all but three have defaults, and are given by name
    network: Network,
    image: Inputs | Picture,
    explanation: Explanation | OwnMap,
    *,
    target: ClassOrFunction | None = None,
    effort: Effort | None = None,
    measures: str | Sequence[str] | None = None,
    reshape: ReshapeOption = None,
    activation: Activation | str | None = None,
    baseline: Baseline | None = None,
) -> Faithfulness:
    """Measure how faithful a map is.

    A map with values that are not finite has no scores. Deletion and insertion together take at
    most 2 x ``effort.steps`` forward passes.

    Parameters
    ----------
    network, image
        The arguments of ``explain``, one image.
    explanation
        From ``explain``; or a map of your own or of another library, at the input's size or
        smaller, as an array or tensor; or the function (network, image) -> map that makes it.
        Attributions of every input value are summed over channels. "max_sensitivity" and
        "randomisation" compute the map again, so they need an explanation or a function.
    target
        What the map explains: of a map of your own a class, by default the top class; in both cases
        the target function if it is of one. The curves of a function show its score.
    effort
        Points of curves and numbers of samples; None for the defaults.
    measures
        One or several names from ``MEASURES``; None for all that are possible.
    reshape
        As for the ``explain`` that made the explanation.
    activation
        For a map of your own: how logits become probabilities, as for ``analyze``.
    baseline
        What deletion puts in place of a pixel and insertion begins with, as for ``explain``; by
        default zero for deletion and the blurred image for insertion.

    Raises
    ------
    OptionError
        A measure is unknown or impossible.
    TargetError, NetworkError
        The explanation is of another score, or of an image of another size.

    """
    found = measuring(
        network,
        image,
        explanation,
        target=target,
        effort=effort,
        measures=measures,
        reshape=reshape,
        activation=activation,
        baseline=baseline,
    )
    scores = tuple(found)
    method = explanation.method if isinstance(explanation, Explanation) else OWN
    return Faithfulness(network_name(checked_network(network)), method, scores)


def measuring(  # noqa: PLR0913  # all but three have defaults, and are given by name
    network: Network,
    image: Inputs | Picture,
    explanation: Explanation | OwnMap,
    *,
    target: ClassOrFunction | None = None,
    effort: Effort | None = None,
    measures: str | Sequence[str] | None = None,
    reshape: ReshapeOption = None,
    activation: Activation | str | None = None,
    baseline: Baseline | None = None,
) -> Iterator[FaithfulnessScore]:
    """``faithfulness`` that yields each score when it is ready; arguments and errors are its."""
    repeatable = isinstance(explanation, Explanation) or callable(explanation)
    chosen = _measures(measures, repeatable=repeatable)
    if isinstance(image, Picture):
        image = as_batch(network, image)
    inside = checked_network(network)
    how: Activation | str | None = activation
    of, against = target, None
    if isinstance(explanation, Explanation):
        if explanation.target is None and not callable(target):
            raise TargetError("faithfulness_function")
        of = explanation.target if explanation.target is not None else target
        against, how = explanation.against, explanation.activation
    scored = score_image(inside, image, of, against, activation=how, reshape=reshape)
    again: Again | None
    if isinstance(explanation, Explanation):
        measured, again = explanation, _explained_again(scored, explanation)
    elif callable(explanation):
        again = _called_again(scored, explanation)
        measured = _own(scored, again(scored.network, scored.image))
    else:
        measured, again = _own(scored, _array(explanation)), None
    if scored.size != measured.input_size:
        explained, given = ("x".join(map(str, s)) for s in (measured.input_size, scored.size))
        raise NetworkError("faithfulness_size", explained=explained, given=given)
    relevance = torch.tensor(
        measured.upsampled(scored.size), device=scored.image.device, dtype=torch.float32
    )
    removed, hidden = (
        baseline_image(usual if baseline is None else baseline, scored.image)
        for usual in CURVE_ENDS
    )
    if not bool(torch.isfinite(relevance).all()):
        return
    case = MapOfImage(scored, measured, relevance, effort or Effort(), again, removed, hidden)
    for name in chosen:
        yield from MEASURES[name](case)


def _measures(measures: str | Sequence[str] | None, *, repeatable: bool) -> list[str]:
    """The names; ``OptionError`` for one that is unknown, or that needs the map's method."""
    possible = [name for name in MEASURES if repeatable or name not in REPEATING]
    chosen = possible if measures is None else [measures] if isinstance(measures, str) else measures
    for name in chosen:
        if name not in MEASURES:
            known = ", ".join(MEASURES)
            raise OptionError("option_unknown", option="measure", value=name, known=known)
        if name not in possible:
            raise OptionError("faithfulness_again", measure=name)
    return list(chosen)


def _explained_again(scored: ScoredImage, before: Explanation) -> Again:
    """The same method, layer, target and options."""
    baseline: Baseline | None = before.baseline
    if before.baseline_values is not None:
        baseline = torch.tensor(before.baseline_values)

    def again(network: nn.Module, image: Tensor) -> np.ndarray:
        score = scored.scored_network
        steps = explaining(
            network,
            (image, *score.rest),
            before.method,
            layer=before.fused or before.layer,
            target=score.function or before.target,
            against=before.against,
            options=before.options,
            reshape=scored.reshape,
            activation=before.activation,
            baseline=baseline,
            keep_image=False,
        )
        return next(step.map for step in steps if isinstance(step, Explanation))

    return again


def _called_again(scored: ScoredImage, function: Callable[[nn.Module, Tensor], object]) -> Again:
    return lambda network, image: _own(scored, _array(function(network, image))).map


def _own(scored: ScoredImage, values: np.ndarray) -> Explanation:
    """A map that somebody else made, as a record."""
    shape = tuple(scored.image.shape[1:])
    axes = len(scored.size)
    while values.ndim > axes and values.shape[0] == 1 and values.shape != shape:
        values = values[0]
    attributions = None
    if values.shape == shape:
        attributions, values = values, values.sum(0)
    if (
        values.ndim != axes
        or not values.size
        or any(given > side for given, side in zip(values.shape, scored.size, strict=True))
    ):
        given, wanted = ("x".join(map(str, sides)) for sides in (values.shape, scored.size))
        raise OptionError("faithfulness_map", given=given, wanted=wanted)
    return Explanation(
        network=network_name(scored.network),
        method=OWN,
        options={},
        layer=None,
        target=scored.scored_network.target,
        against=None,
        signed=bool((values < 0).any()),
        map=values,
        attributions=attributions,
        logits=None,
        input_size=scored.size,
        blank=None,
        completeness=None,
        activation=scored.activation,
    )


def _array(values: object) -> np.ndarray:
    """A map as an array; of a list with one map, as torch-cam gives it, that map."""
    if isinstance(values, list | tuple) and len(values) == 1:
        values = values[0]
    if isinstance(values, Tensor):
        return np.asarray(values.detach().float().cpu().numpy())
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiu":
        return values.astype(np.float32)
    raise OptionError("faithfulness_kind", given=type(values).__name__)
