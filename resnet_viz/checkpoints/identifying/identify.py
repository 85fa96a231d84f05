"""``identify``: the network of a weights file, and how its input was normalised.

Tensor shapes give candidates. Shapes do not tell plain from residual, so every candidate is run on
the bundled photographs, and the one whose running statistics agree best with its activations is
chosen (see ``bn_consistency``).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from resnet_viz.checkpoints.fill import fill
from resnet_viz.checkpoints.identifying.bn_consistency import (
    Consistency,
    consistency,
)
from resnet_viz.checkpoints.identifying.candidates import Candidate, candidates, fitted
from resnet_viz.checkpoints.identifying.metadata import described
from resnet_viz.checkpoints.identifying.normalisation import (
    best_normalisation,
    best_over_all_layers,
    normalisation_scores,
    normalised_by,
)
from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.checkpoints.reading.state_dict import StateDict
from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import CheckpointError
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.networks.zoo.labels import class_names
from resnet_viz.pictures.decode import safe_name
from resnet_viz.pictures.preprocess import Preprocessing
from resnet_viz.pictures.samples import sample_batch
from resnet_viz.records import WeightSource
from resnet_viz.spec import NetworkSpec, Order

#: Below this confidence the best candidate is a guess, and the user has to choose.
SURE = 0.75
#: The mean score on photographs above which a candidate is not the trained network.
FITS = 0.6
#: The same for the median score, which a few bad layers do not affect.
FITS_MOSTLY = 0.25


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
        False if plain and residual cannot be distinguished; ``network`` is then the residual one.
    matched, total
        How many of the file's tensors fit the network, out of how many.
    preprocessing
        How the network expects its input.
    normalisation
        A key of ``NORMALISATIONS``, or "described" for a file that contains its preprocessing.
    classes
        Class names, in the order of the outputs.
    scores
        Mean score by candidate ("residual", "plain"); lower is better.
    input_scores
        Score of the first layer by normalisation; lower is better.
    training
        What the file records about the training.
    update_ratios
        ||last step|| / ||W|| by layer, if the file has the optimiser's state.

    """

    network: ResNet
    name: str
    confidence: float
    sure: bool
    matched: int
    total: int
    preprocessing: Preprocessing
    normalisation: str
    classes: tuple[str, ...]
    scores: Mapping[str, float]
    input_scores: Mapping[str, float]
    training: JsonObject
    update_ratios: Mapping[str, float] = field(default_factory=dict)

    @property
    def spec(self) -> NetworkSpec:
        """The network's spec."""
        return self.network.spec

    def loaded(self) -> LoadedNetwork:
        """The network, ready to use; ``CheckpointError`` if it may be plain or residual."""
        if not self.sure:
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
        The network, for a file that does not contain its spec; identified by default.

    Raises
    ------
    CheckpointError
        If no network fits. The error names the nearest one.

    """
    description = described(weights, spec, name)
    if description is None:
        return _from_tensors(weights, name)
    file_spec, classes, preprocessing = description
    network, matched = _of_spec(file_spec, weights.tensors, name)
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
        matched=matched,
        total=len(weights),
        preprocessing=preprocessing,
        normalisation="described",
        classes=classes,
        scores={},
        input_scores=normalisation_scores(network),
        training={**weights.training, **recorded},
        update_ratios=_by_layer({key: key for key in weights.tensors}, weights, network),
    )


def _of_spec(spec: NetworkSpec, tensors: Mapping[str, Tensor], name: str) -> tuple[ResNet, int]:
    """Fill a known network, by our own names or else by shapes and order."""
    with torch.device("meta"):
        own_tensors = ResNet(spec).state_dict()
    own_names = sum(key in own_tensors for key in tensors)
    if all(key in tensors or key.endswith("num_batches_tracked") for key in own_tensors):
        return fill(spec, tensors, name), len(tensors)
    candidate = fitted(spec, tensors)
    if not candidate.whole and 2 * own_names >= len(tensors):
        return fill(spec, tensors, name), len(tensors)  # raises an error with the mismatch
    return _filled(candidate, tensors, name), candidate.matched


def _from_tensors(weights: StateDict, name: str) -> Identification:
    matches = candidates(weights.tensors)
    if not matches:
        raise CheckpointError("checkpoint_unknown", name=name, total=len(weights))
    networks = [_filled(candidate, weights.tensors, name) for candidate in matches]
    input_scores = normalisation_scores(networks[0])
    first = best_normalisation(networks[0].spec, input_scores)
    preprocessing = normalised_by(networks[0].spec, first)
    consistencies = [_later_layers(network, preprocessing) for network in networks]
    scores = [layers.mean for layers in consistencies]
    best = min(range(len(matches)), key=lambda i: _comparable(scores[i]))
    confidence = _confidence(scores, best)
    fits = scores[best] <= FITS or consistencies[best].median <= FITS_MOSTLY
    sure = len(matches) == 1 or (confidence >= SURE and fits)
    chosen = networks[best if sure else 0]
    normalisation = best_over_all_layers(chosen, input_scores, first)
    return Identification(
        network=chosen,
        name=name,
        confidence=confidence,
        sure=sure,
        matched=matches[best].matched,
        total=matches[best].total,
        preprocessing=normalised_by(chosen.spec, normalisation),
        normalisation=normalisation,
        classes=class_names(chosen.spec),
        scores={_label(n.spec): s for n, s in zip(networks, scores, strict=True)},
        input_scores=input_scores,
        training=weights.training,
        update_ratios=_by_layer(matches[best].keys, weights, chosen),
    )


def _by_layer(keys: Mapping[str, str], weights: StateDict, network: ResNet) -> dict[str, float]:
    """Update ratios by our layers' names; ``keys`` maps our tensor names to the file's."""
    layers = dict(network.named_modules())
    ratios = {own.removesuffix(".weight"): weights.update_ratios.get(key)
             for own, key in keys.items() if own.endswith(".weight")}  # fmt: skip
    return {n: ratio for n, ratio in ratios.items() if ratio is not None and n in layers}


def _filled(candidate: Candidate, tensors: Mapping[str, Tensor], name: str) -> ResNet:
    if not candidate.whole:
        raise CheckpointError(
            "checkpoint_mismatch",
            name=name,
            network=candidate.spec.name,
            matched=candidate.matched,
            total=candidate.total,
            first=safe_name(candidate.first or ""),
        )
    return fill(candidate.spec, candidate.tensors(tensors), name)


def _label(spec: NetworkSpec) -> str:
    order = "" if spec.order is Order.POST else f"_{spec.order}"
    return f"{spec.kind}{order}"


def _confidence(scores: list[float], best: int) -> float:
    """The share of the second-best score in the sum of the two best; 1 for a single candidate."""
    if len(scores) == 1:
        return 1.0
    second = min(_comparable(score) for i, score in enumerate(scores) if i != best)
    first = _comparable(scores[best])
    return second / (first + second) if second < float("inf") else 1 / len(scores)


def _comparable(score: float) -> float:
    return float("inf") if math.isnan(score) else score


def _later_layers(network: ResNet, preprocessing: Preprocessing) -> Consistency:
    """Scores of all layers except the first, which is used for the normalisation."""
    if network.spec.input_channels != 3:
        return Consistency({})
    scores = consistency(network, sample_batch(preprocessing)).scores
    return Consistency(dict(list(scores.items())[1:]))
