"""What shapes cannot tell: plain or residual, and how the input was normalised.

Every candidate is run on the bundled photographs; the one whose running statistics agree with
what flows through it is the one that was trained (SCIENCE: batch-normalisation consistency).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.checkpoints.fill import fill
from resnet_viz.checkpoints.identifying.bn_consistency import (
    Consistency,
    consistency,
    flow_score,
    layer_score,
)
from resnet_viz.checkpoints.identifying.candidates import Candidate, candidates, fitted
from resnet_viz.checkpoints.identifying.metadata import described
from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.checkpoints.reading.state_dict import StateDict
from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import CheckpointError
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.networks.zoo.labels import class_names
from resnet_viz.pictures.decode import safe_name
from resnet_viz.pictures.preprocess import (
    CIFAR_PREPROCESSING,
    IMAGENET_PREPROCESSING,
    Preprocessing,
    preprocessing_for,
)
from resnet_viz.pictures.samples import sample_batch
from resnet_viz.records import WeightSource
from resnet_viz.spec import NetworkSpec, Order, Stem

#: Below this the best candidate is no better than a guess, and the file is asked about.
SURE = 0.75
#: A network that scores worse than this on photographs is not the one that was trained.
FITS = 0.6
#: The same for the median layer, which a few sick layers do not move.
FITS_MOSTLY = 0.25

#: Normalisations whose first-layer scores differ by less are settled by all layers together.
CLOSE = 0.25

#: Ways to normalise pixels in [0, 1]: mean and deviation.
NORMALISATIONS: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "cifar": (CIFAR_PREPROCESSING.mean, CIFAR_PREPROCESSING.deviation),
    "imagenet": (IMAGENET_PREPROCESSING.mean, IMAGENET_PREPROCESSING.deviation),
    "minus_one_to_one": ((0.5,) * 3, (0.5,) * 3),
    "zero_to_one": ((0.0,) * 3, (1.0,) * 3),
    "zero_to_255": ((0.0,) * 3, (1 / 255,) * 3),
}


@dataclass(frozen=True, eq=False)
class Identification:
    """The network of a file, how sure that is, and all scores that led there.

    ``sure`` is False where plain and residual cannot be told apart; ``network`` is then the
    residual one. ``scores`` are by candidate ("residual", "plain"), ``input_scores`` by
    normalisation: lower is better.
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
    update_ratios: Mapping[str, float] = field(default_factory=dict)  # by layer

    @property
    def spec(self) -> NetworkSpec:
        """Of the network."""
        return self.network.spec

    def loaded(self) -> LoadedNetwork:
        """The network, ready to use; ``CheckpointError`` where its kind is not known."""
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
    """Which network the weights are of; ``CheckpointError`` with the nearest where none fits."""
    known = described(weights, spec, name)
    if known is None:
        return _found_out(weights, name)
    own, classes, preprocessing = known
    network, matched = _of_spec(own, weights.tensors, name)
    told: JsonObject = {
        key: weights.metadata[key] for key in ("training", "curve") if key in weights.metadata
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
        input_scores=_input_scores(network),
        training={**weights.training, **told},
        update_ratios=_by_layer({key: key for key in weights.tensors}, weights, network),
    )


def _of_spec(spec: NetworkSpec, tensors: Mapping[str, Tensor], name: str) -> tuple[ResNet, int]:
    """The network of a known spec: by our own names, or else by shapes and order."""
    with torch.device("meta"):
        own = ResNet(spec).state_dict()
    named = sum(key in own for key in tensors)
    if all(key in tensors or key.endswith("num_batches_tracked") for key in own):
        return fill(spec, tensors, name), len(tensors)
    candidate = fitted(spec, tensors)
    if not candidate.whole and 2 * named >= len(tensors):
        return fill(spec, tensors, name), len(tensors)  # its error names what differs
    return _filled(candidate, tensors, name), candidate.matched


def _found_out(weights: StateDict, name: str) -> Identification:
    found = candidates(weights.tensors)
    if not found:
        raise CheckpointError("checkpoint_unknown", name=name, total=len(weights))
    networks = [_filled(candidate, weights.tensors, name) for candidate in found]
    input_scores = _input_scores(networks[0])
    first = _normalisation(networks[0].spec, input_scores)
    preprocessing = _preprocessing(networks[0].spec, first)
    rests = [_rest(network, preprocessing) for network in networks]
    scores = [rest.mean for rest in rests]
    best = min(range(len(found)), key=lambda i: _comparable(scores[i]))
    confidence = _confidence(scores, best)
    fits = scores[best] <= FITS or rests[best].median <= FITS_MOSTLY
    sure = len(found) == 1 or (confidence >= SURE and fits)
    chosen = networks[best if sure else 0]
    normalisation = _settled(chosen, input_scores, first)
    return Identification(
        network=chosen,
        name=name,
        confidence=confidence,
        sure=sure,
        matched=found[best].matched,
        total=found[best].total,
        preprocessing=_preprocessing(chosen.spec, normalisation),
        normalisation=normalisation,
        classes=class_names(chosen.spec),
        scores={_label(n.spec): s for n, s in zip(networks, scores, strict=True)},
        input_scores=input_scores,
        training=weights.training,
        update_ratios=_by_layer(found[best].keys, weights, chosen),
    )


def _by_layer(keys: Mapping[str, str], weights: StateDict, network: ResNet) -> dict[str, float]:
    """Update ratios under our layers' names; ``keys`` are the file's names by ours."""
    layers = dict(network.named_modules())
    known = {own.removesuffix(".weight"): weights.update_ratios.get(key)
             for own, key in keys.items() if own.endswith(".weight")}  # fmt: skip
    return {n: ratio for n, ratio in known.items() if ratio is not None and n in layers}


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
    """Of the best against the second: its share of their scores; certain where it is alone."""
    if len(scores) == 1:
        return 1.0
    second = min(_comparable(score) for i, score in enumerate(scores) if i != best)
    first = _comparable(scores[best])
    return second / (first + second) if second < float("inf") else 1 / len(scores)


def _comparable(score: float) -> float:
    return float("inf") if math.isnan(score) else score


def _rest(network: ResNet, preprocessing: Preprocessing) -> Consistency:
    """The scores of all layers but the first, which judges the input."""
    if network.spec.input_channels != 3:
        return Consistency({})
    found = consistency(network, sample_batch(preprocessing)).scores
    return Consistency(dict(list(found.items())[1:]))


def _preprocessing(spec: NetworkSpec, normalisation: str) -> Preprocessing:
    usual = preprocessing_for(spec)
    if normalisation not in NORMALISATIONS:
        return usual
    mean, deviation = NORMALISATIONS[normalisation]
    return replace(usual, mean=mean, deviation=deviation)


def _normalisation(spec: NetworkSpec, scores: Mapping[str, float]) -> str:
    """The best; the family's usual one where there is nothing to choose by."""
    usual = "imagenet" if spec.stem is Stem.IMAGENET else "cifar"
    ranked = {name: score for name, score in scores.items() if not math.isnan(score)}
    return min(ranked, key=lambda name: ranked[name]) if ranked else usual


def _settled(network: ResNet, scores: Mapping[str, float], best: str) -> str:
    """Of normalisations that the first layer finds alike, the one that suits all layers."""
    close = [name for name, score in scores.items() if score <= scores[best] + CLOSE]
    if len(close) < 2:
        return best
    flow = {n: flow_score(network, sample_batch(_preprocessing(network.spec, n))) for n in close}
    return min(close, key=lambda name: flow[name])


def _input_scores(network: ResNet) -> dict[str, float]:
    """The first layer's score under every normalisation."""
    norm = next((m for m in network.modules() if isinstance(m, nn.BatchNorm2d)), None)
    if norm is None or network.spec.input_channels != 3:
        return {}
    usual = preprocessing_for(network.spec)
    scores = {}
    for name, (mean, deviation) in NORMALISATIONS.items():
        batch = sample_batch(replace(usual, mean=mean, deviation=deviation))
        scores[name] = layer_score(norm, _before_first_norm(network, batch))
    return scores


def _before_first_norm(
    network: ResNet, batch: Float[Tensor, "batch channel height width"]
) -> Float[Tensor, "batch c h w"]:
    with torch.no_grad():
        value: Tensor = network.get_submodule("conv1")(batch)
        if network.spec.order is Order.PRE and network.spec.stem is Stem.IMAGENET:
            value = network.get_submodule("maxpool")(value)
    return value
