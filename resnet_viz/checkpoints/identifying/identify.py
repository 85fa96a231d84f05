"""``identify``: the network of a weights file, and how its input was normalised.

Tensor shapes give candidates. Shapes do not tell plain from residual, nor where zero channels are,
so every candidate is run on the bundled photographs, and the one that agrees best with them is
chosen (see ``fits``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from resnet_viz.checkpoints.fill import fill
from resnet_viz.checkpoints.identifying.block_names import looks_like_a_chain
from resnet_viz.checkpoints.identifying.candidates import Candidate, candidates, fitted
from resnet_viz.checkpoints.identifying.fits import (
    Choice,
    choose,
    difference,
    fit_all,
    refined,
    with_statistics,
)
from resnet_viz.checkpoints.identifying.heads import Head
from resnet_viz.checkpoints.identifying.metadata import described
from resnet_viz.checkpoints.identifying.normalisation import (
    best_normalisation,
    best_over_all_layers,
    normalisation_scores,
    normalised_by,
)
from resnet_viz.checkpoints.identifying.spare import Normaliser, Sorted, sort_out
from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.checkpoints.reading.merging import Merged
from resnet_viz.checkpoints.reading.state_dict import StateDict
from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import CheckpointError
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.networks.zoo.labels import class_names
from resnet_viz.pictures.decode import safe_name
from resnet_viz.pictures.preprocess import Preprocessing, preprocessing_for
from resnet_viz.records import WeightSource
from resnet_viz.spec import NetworkSpec, Norm, Padding, Shortcut

#: The share of matched tensors below which the nearest network is not worth naming.
NEAR = 0.8


@dataclass(frozen=True, eq=False)
class FileFacts:
    """What a weights file has besides the network that was read from it.

    Parameters
    ----------
    copies, copy
        Names of all sets of weights, and of the one that was read; empty for a single set.
    aside
        Names of tensors that belong to no network.
    merged
        Weights that were put together from their parts.
    head
        The head in the file; None for a file that contains its spec.
    has_statistics
        False if the running statistics of batch normalisation are missing.
    function, score
        What distinguishes the network from its rivals ("padding=split"), and how well photographs
        agree with it: its mean score ("0.12"), or right answers ("5/7").
    rivals
        The same for every network of the same kind with the same tensors and another function, by
        what distinguishes it ("padding=behind").
    open
        Those of ``rivals`` that photographs do not tell from the chosen network.

    """

    copies: tuple[str, ...] = ()
    copy: str = ""
    aside: tuple[str, ...] = ()
    merged: tuple[Merged, ...] = ()
    head: Head | None = None
    has_statistics: bool = True
    function: str = ""
    score: str = ""
    rivals: Mapping[str, str] = field(default_factory=dict)
    open: tuple[str, ...] = ()

    @property
    def answers(self) -> bool:
        """Whether the network's outputs are answers, not features."""
        return self.head is None or self.head.layer is not None


@dataclass(frozen=True, eq=False)
class Identification:
    """The network of a weights file, with the confidence and the scores of the decision.

    Parameters
    ----------
    network
        The identified network with the file's weights.
    name
        The file's name.
    confidence
        Between 0 and 1; 1 for a file that contains its spec.
    sure
        Whether photographs agree with this network, and decide between plain and residual.
    kind_known
        False if plain and residual cannot be distinguished; ``network`` is then the residual one.
    matched, total
        How many of the file's tensors fit the network, out of how many.
    preprocessing
        How the network expects its input.
    normalisation
        A key of ``NORMALISATIONS``, "described" for a file that contains its preprocessing, or
        "file" for one that has the mean and the deviation as tensors.
    classes
        Class names, in the order of the outputs.
    scores
        Mean score by candidate ("residual", "plain", "residual+behind"); lower is better.
    input_scores
        Score of the first layer by normalisation; lower is better.
    training
        What the file records about the training.
    update_ratios
        ||last step|| / ||W|| by layer, if the file has the optimiser's state.
    file
        What else the file has.

    """

    network: ResNet
    name: str
    confidence: float
    sure: bool
    kind_known: bool
    matched: int
    total: int
    preprocessing: Preprocessing
    normalisation: str
    classes: tuple[str, ...]
    scores: Mapping[str, float]
    input_scores: Mapping[str, float]
    training: JsonObject
    update_ratios: Mapping[str, float] = field(default_factory=dict)
    file: FileFacts = FileFacts()

    @property
    def spec(self) -> NetworkSpec:
        """The network's spec."""
        return self.network.spec

    def loaded(self) -> LoadedNetwork:
        """The network, ready to use; ``CheckpointError`` if it may be plain or residual."""
        if not self.kind_known:
            raise CheckpointError("checkpoint_kind", name=self.name, depth=self.spec.depth)
        return LoadedNetwork(
            network=self.network,
            source=WeightSource.FILE,
            weights=self.name,
            classes=self.classes,
            preprocessing=self.preprocessing,
            training=self.training,
        )


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
    if not matches or matches[0].matched < NEAR * matches[0].total:
        raise CheckpointError("checkpoint_unknown", name=name, total=len(tensors))
    if not matches[0].whole:
        raise mismatch(matches[0], name)
    return matches


def _from_tensors(weights: StateDict, name: str, spec: NetworkSpec | None = None) -> Identification:
    sorted_out = sort_out(weights.tensors)
    tensors = sorted_out.tensors
    matches = _matches(tensors, name) if spec is None else _of_spec(spec, tensors, name)
    first = matches[0]
    network = fill(first.spec, first.tensors(tensors), name)
    input_scores = normalisation_scores(network) if first.has_statistics else {}
    normalisation = best_normalisation(first.spec, input_scores)
    preprocessing = _preprocessing(first.spec, normalisation, sorted_out.normaliser)
    fits = fit_all(matches, tensors, preprocessing, name)
    choice = choose(fits)
    if others := refined(choice.best, tensors, preprocessing, name):
        choice = choose([*fits, *others])
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
        ),
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
