"""``identify``: the network of a weights file, and how its input was normalised.

Tensor shapes give candidates. Shapes do not tell plain from residual, nor where zero channels are,
so every candidate is run on the bundled photographs, and the one that agrees best with them is
chosen (see ``fits``).
"""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from resnet_viz.checkpoints.fill import fill
from resnet_viz.checkpoints.identifying.block_names import looks_like_a_chain
from resnet_viz.checkpoints.identifying.blur_pooling import blurs
from resnet_viz.checkpoints.identifying.candidates import Candidate, candidates, fitted
from resnet_viz.checkpoints.identifying.fits import (
    Choice,
    choose,
    fit_all,
    untrained,
    with_statistics,
)
from resnet_viz.checkpoints.identifying.identification import FileFacts, Identification
from resnet_viz.checkpoints.identifying.metadata import described
from resnet_viz.checkpoints.identifying.normalisation import (
    best_normalisation,
    best_over_all_layers,
    normalisation_scores,
    normalised_by,
    of_keras,
)
from resnet_viz.checkpoints.identifying.other_functions import (
    FITS_WELL,
    refined,
    with_keras_strides,
)
from resnet_viz.checkpoints.identifying.spare import Normaliser, Sorted, sort_out
from resnet_viz.checkpoints.identifying.spec_labels import difference
from resnet_viz.checkpoints.identifying.variants import computes_otherwise
from resnet_viz.checkpoints.reading.state_dict import EDGES, StateDict
from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import CheckpointError
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.networks.zoo.labels import class_names
from resnet_viz.pictures.decode import safe_name
from resnet_viz.pictures.preprocess import Preprocessing, preprocessing_for
from resnet_viz.spec import Edges, NetworkSpec, Norm, Padding, Shortcut

#: The share of matched tensors below which the nearest network is not worth naming.
NEAR = 0.8
_ROUNDS = 2  # of trying other functions: an activation and a pool, say


def identify(weights: StateDict, name: str, spec: NetworkSpec | None = None) -> Identification:
    """Identify the network that weights belong to.

    Parameters
    ----------
    weights
        The content of the file.
    name
        The file's name, for errors.
    spec
        The network, for a file that does not contain its spec; identified by default. Where it has
        option A shortcuts with the usual padding, the padding is still found by fit.

    Raises
    ------
    CheckpointError
        If no network fits. The error names the nearest one if it is near.

    """
    description = described(weights, spec, name)
    if description is None:
        return _from_tensors(weights, name)
    if "spec" not in weights.metadata:
        return _from_tensors(weights, name, description[0])
    file_spec, classes, preprocessing = description
    network = fill(file_spec, weights.tensors, name)
    recorded: JsonObject = {
        key: weights.metadata[key]
        for key in ("training", "curve", "footing")
        if key in weights.metadata
    }
    return Identification(
        network=network,
        name=name,
        confidence=1.0,
        sure=True,
        kind_known=True,
        matched=len(weights),
        total=len(weights),
        preprocessing=preprocessing,
        normalisation="described",
        classes=classes,
        scores={},
        input_scores=normalisation_scores(network),
        training={**weights.training, **recorded},
        update_ratios=_by_layer({key: key for key in weights.tensors}, weights, network),
        file=FileFacts(names=tuple(weights.tensors), origin=weights.origin),
    )


def _of_spec(spec: NetworkSpec, tensors: Mapping[str, Tensor], name: str) -> list[Candidate]:
    """The candidates of a named network, by our own names or else by shapes and order."""
    with torch.device("meta"):
        own_tensors = ResNet(spec).state_dict()
    own_names = sum(key in own_tensors for key in tensors)
    ours = all(key in tensors or key.endswith("num_batches_tracked") for key in own_tensors)
    candidate = None if ours else fitted(spec, tensors)
    if candidate is None or (not candidate.whole and 2 * own_names >= len(tensors)):
        fill(spec, {k: v for k, v in tensors.items() if k in own_tensors or not ours}, name)
        candidate = _own_names(spec, tensors, own_tensors)
    if not candidate.whole:
        raise mismatch(candidate, name)
    paddings = Padding if spec.shortcut is Shortcut.ZERO_PAD else [spec.padding]
    if spec.padding is not Padding.SPLIT:
        paddings = [spec.padding]
    return [replace(candidate, spec=replace(spec, padding=padding)) for padding in paddings]


def _own_names(
    spec: NetworkSpec, tensors: Mapping[str, Tensor], own: Mapping[str, Tensor]
) -> Candidate:
    """The candidate of a file that has our names."""
    keys = {key: key for key in own if key in tensors}
    aside = tuple(key for key in tensors if key not in own)
    layer = fitted(spec, {key: tensors[key] for key in keys}).head
    return Candidate(spec, keys, len(keys), len(tensors), None, layer, {}, aside)


def mismatch(candidate: Candidate, name: str) -> CheckpointError:
    """The error that names the nearest network."""
    return CheckpointError(
        "checkpoint_mismatch",
        name=name,
        network=candidate.spec.name,
        matched=candidate.matched,
        total=candidate.total,
        first=safe_name(candidate.first or ""),
    )


def _matches(tensors: Mapping[str, Tensor], name: str) -> list[Candidate]:
    """Every complete candidate; an error if there is none."""
    matches = candidates(tensors)
    far = not matches or matches[0].matched < NEAR * matches[0].total
    if far or (not matches[0].whole and looks_like_a_chain(matches[0], tensors)):
        raise CheckpointError("checkpoint_unknown", name=name, total=len(tensors))
    if not matches[0].whole:
        raise mismatch(matches[0], name)
    if all(computes_otherwise(tensors, each.spec) for each in matches):
        raise CheckpointError("checkpoint_unknown", name=name, total=len(tensors))
    return matches


def _from_tensors(weights: StateDict, name: str, spec: NetworkSpec | None = None) -> Identification:
    sorted_out = sort_out(weights.tensors)
    tensors = sorted_out.tensors
    matches = _matches(tensors, name) if spec is None else _of_spec(spec, tensors, name)
    if weights.metadata.get(EDGES) == Edges.BEHIND and spec is None:
        matches = [replace(m, spec=replace(m.spec, edges=Edges.BEHIND)) for m in matches]
    if EDGES in weights.metadata and spec is None:
        matches += with_keras_strides(matches)
    first = matches[0]
    network = fill(first.spec, first.tensors(tensors), name)
    judge = first.has_statistics and not untrained(network)
    input_scores = normalisation_scores(network) if judge else {}
    normalisation = best_normalisation(first.spec, input_scores)
    if EDGES in weights.metadata:
        normalisation = of_keras(first.spec, input_scores, normalisation)
    preprocessing = _preprocessing(first.spec, normalisation, sorted_out.normaliser)
    fits = fit_all(matches, tensors, preprocessing, name)
    usual = choice = choose(fits)
    foreign = EDGES in weights.metadata
    for _ in range(_ROUNDS):
        best = choice.best
        others = refined(best, tensors, preprocessing, name, foreign=foreign)
        known = {fit.spec for fit in fits}
        fits += [fit for fit in others if fit.spec not in known]
        choice = choose(fits)
        if choice.best is best or choice.best.score <= FITS_WELL:
            break
    if spec is None and blurs(fits, choice.best):
        raise CheckpointError("checkpoint_unknown", name=name, total=len(weights), family="blur")
    if min(choice.best.score, choice.best.median) > FITS_WELL:
        choice = usual  # damaged weights fit nothing, and an unusual network less badly by chance
    if spec is None and not choice.best.fits and looks_like_a_chain(first, tensors):
        raise CheckpointError("checkpoint_unknown", name=name, total=len(weights))
    return _identification(weights, name, sorted_out, choice, input_scores, named=spec is not None)


def _identification(
    weights: StateDict,
    name: str,
    sorted_out: Sorted,
    choice: Choice,
    input_scores: Mapping[str, float],
    *,
    named: bool,
) -> Identification:
    best = choice.best
    network, candidate = best.network, best.candidate
    normalisation = best_normalisation(best.spec, input_scores)
    if sorted_out.normaliser is not None:
        normalisation = "file"
    elif input_scores:
        normalisation = best_over_all_layers(network, input_scores, normalisation)
    if EDGES in weights.metadata and sorted_out.normaliser is None:
        normalisation = of_keras(best.spec, input_scores, normalisation)
    preprocessing = _preprocessing(best.spec, normalisation, sorted_out.normaliser)
    has_statistics = candidate.has_statistics or best.spec.norm is not Norm.BATCH
    if not has_statistics:
        network = with_statistics(network, preprocessing)
    return Identification(
        network=network,
        name=name,
        confidence=1.0 if named else choice.confidence,
        sure=named or choice.sure,
        kind_known=named or choice.kind_known,
        matched=candidate.matched,
        total=candidate.total,
        preprocessing=preprocessing,
        normalisation=normalisation,
        classes=class_names(best.spec),
        scores={} if named else choice.scores,
        input_scores=input_scores,
        training=weights.training,
        update_ratios=_by_layer(candidate.keys, weights, network),
        file=FileFacts(
            copies=weights.copies,
            copy=weights.copy,
            aside=(*sorted_out.aside, *candidate.aside),
            merged=weights.merged,
            head=candidate.head,
            has_statistics=has_statistics,
            function=difference(best.spec, *(rival.spec for rival in choice.rivals)),
            score=best.words,
            rivals={difference(f.spec, best.spec): f.words for f in choice.rivals},
            open=tuple(difference(f.spec, best.spec) for f in choice.open),
            names=tuple(weights.tensors),
            keys=candidate.keys,
            absent=tuple(candidate.absent),
            origin=weights.origin,
        ),
        remeasured=best.remeasured,
    )


def _preprocessing(
    spec: NetworkSpec, normalisation: str, normaliser: Normaliser | None
) -> Preprocessing:
    """The preprocessing with a file's own mean and deviation, or with a usual one."""
    usual = preprocessing_for(spec)
    if normaliser is None:
        return normalised_by(spec, normalisation)
    channels = len(usual.mean)
    mean, deviation = (
        values if len(values) == channels else (values[0],) * channels
        for values in (normaliser.mean, normaliser.deviation)
    )
    return replace(usual, mean=mean, deviation=deviation)


def _by_layer(keys: Mapping[str, str], weights: StateDict, network: ResNet) -> dict[str, float]:
    """Update ratios by our layers' names; ``keys`` maps our tensor names to the file's."""
    layers = dict(network.named_modules())
    ratios = {own.removesuffix(".weight"): weights.update_ratios.get(key)
             for own, key in keys.items() if own.endswith(".weight")}  # fmt: skip
    return {n: ratio for n, ratio in ratios.items() if ratio is not None and n in layers}
