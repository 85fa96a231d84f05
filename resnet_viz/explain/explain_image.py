"""Any method, on any layer, as one record."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.core.errors import LayerError, NetworkError, close_matches
from resnet_viz.explain.blank_maps import why_blank
from resnet_viz.explain.cam_methods import CLASSLESS, EPSILON, CamMethod, raw_map
from resnet_viz.explain.captum_methods import attribute, completeness, to_map
from resnet_viz.explain.layer_fusion import fuse, fused_layers
from resnet_viz.explain.masking_methods import ablation_cam, full_grad, score_cam
from resnet_viz.explain.methods import (
    FEATURES_ONLY,
    METHODS,
    Family,
    Method,
    method_named,
    options_of,
)
from resnet_viz.explain.raw_map import PassesDone
from resnet_viz.explain.scored_image import ScoredImage, score_image
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.resample import enlarge
from resnet_viz.probe.analyze import analyze
from resnet_viz.probe.capture import default_layers, layer_names, unwrapped
from resnet_viz.probe.targets import logits_of
from resnet_viz.records import Analysis
from resnet_viz.records.explanation import Completeness, Explanation, Fused


def explain(
    network: nn.Module,
    image: Float[Tensor, "one channel height width"],
    method: str = "grad-cam",
    *,
    layer: str | Fused | None = None,
    target: int | None = None,
    against: int | None = None,
    options: Mapping[str, float] | None = None,
    seed: int = 0,
) -> Explanation:
    """What one normalised image's score rests on, by any of the methods in ``METHODS``.

    ``layer`` (the last block or convolution by default) is where the CAM family and its relatives
    look, or several layers, ``Fused``; the other methods explain the input. The score is the logit
    of ``target`` (None: the top class), or with ``against`` the difference of two logits.
    ``options`` are the method's own; ``seed`` decides what methods draw. The network is left as it
    was.

    Raises ``OptionError``, ``LayerError``, ``TargetError`` or ``NetworkError``, each with its cure.
    """
    steps = explain_in_steps(
        network,
        image,
        method,
        layer=layer,
        target=target,
        against=against,
        options=options,
        seed=seed,
    )
    return next(found for found in steps if isinstance(found, Explanation))


def explain_in_steps(
    network: nn.Module,
    image: Float[Tensor, "one channel height width"],
    method: str = "grad-cam",
    *,
    layer: str | Fused | None = None,
    target: int | None = None,
    against: int | None = None,
    options: Mapping[str, float] | None = None,
    seed: int = 0,
) -> Iterator[PassesDone | Explanation]:
    """``explain`` step by step: a ``PassesDone`` after each batch of passes, at last the record."""
    network = unwrapped(network)
    row = method_named(method)
    chosen = options_of(row, options)
    place = _place(network, row, layer)
    wanted = place.layers if isinstance(place, Fused) else (place,) if place else ()
    given = score_image(
        network, image, target, against, wanted if row.name in FEATURES_ONLY else ()
    )
    found: _Found
    if isinstance(place, Fused):
        found = yield from _at_layers(given, row, chosen, place, seed)
    elif place is not None:
        found = yield from _at_layer(given, row, chosen, place, seed)
    else:
        found = yield from _at_input(given, row, chosen, seed)
    yield _record(given, row, chosen, place, found)


def _place(network: nn.Module, row: Method, layer: str | Fused | None) -> str | Fused | None:
    """Where to look, by name; None for the input."""
    if isinstance(layer, Fused):
        return fused_layers(network, row, layer)
    if row.at_layer:
        return layer or last_layer(network)
    _check_layer(network, layer)
    return None


def _check_layer(network: nn.Module, layer: str | None) -> None:
    """A layer means nothing to a method at the input, but a typo is still said to be one."""
    known = layer_names(network)
    if layer is not None and layer not in known and layer.partition("#")[0] not in known:
        raise LayerError("layer_unknown", name=layer, known=close_matches(layer, known))


def map_layers(network: nn.Module) -> list[str]:
    """The layers that have maps: convolutions and blocks."""
    names = default_layers(network)
    modules = dict(unwrapped(network).named_modules())
    return [name for name in names if not isinstance(modules[name], nn.Linear)]


def last_layer(network: nn.Module) -> str:
    """The last block of our own networks, else the last convolution or block."""
    if isinstance(network, ResNet):
        return network.spec.blocks()[-1]
    names = map_layers(network)
    if not names:
        raise NetworkError("explain_no_convolution")
    return names[-1]


@dataclass(frozen=True)
class _Found:
    """A map before its last ReLU, and what is known about it."""

    raw: np.ndarray
    vanishes: bool  # what the map is made of is zero everywhere
    attributions: np.ndarray | None = None
    completeness: Completeness | None = None


_Steps = Generator[PassesDone | Explanation, None, _Found]


def _at_input(given: ScoredImage, row: Method, options: Mapping[str, float], seed: int) -> _Steps:
    if row.name == "full-grad":
        raw = yield from full_grad(given)
        return _Found(raw, not raw.any())
    yield PassesDone(0, 1)
    found = attribute(given, row, options, given.image, seed)
    values = found[0].cpu().numpy()
    complete = completeness(given, row, options, found)
    return _Found(to_map(row, values[None])[0], not values.any(), values, complete)


def _at_layers(
    given: ScoredImage, row: Method, options: Mapping[str, float], place: Fused, seed: int
) -> _Steps:
    """One pass a layer, each no further down than the layer; then one map."""
    parts: list[_Found] = []
    for number, layer in enumerate(place.layers, 1):
        if row.family is not Family.CAM:
            parts.append((yield from _at_layer(given, row, options, layer, seed)))
        yield PassesDone(number, len(place.layers))
    if row.family is Family.CAM:
        analysis = _analysis(given, place.layers)
        parts = [_cam(analysis, row, options, layer) for layer in place.layers]
    raw = fuse([part.raw for part in parts], place.how, *_size(given))
    if not raw.any():  # then nothing is above zero, and why is to be seen in what is below
        raw = np.min([enlarge(part.raw[None], *_size(given))[0] for part in parts], axis=0)
    return _Found(raw, all(part.vanishes for part in parts))


def _at_layer(
    given: ScoredImage, row: Method, options: Mapping[str, float], layer: str, seed: int
) -> _Steps:
    if row.name in FEATURES_ONLY:
        feature = _feature(given, layer)
        score = row.name == "score-cam"
        passes = score_cam(given, feature) if score else ablation_cam(given, feature, layer)
        return _Found((yield from passes), not feature.any())
    analysis = _analysis(given, [layer])
    match row.name:
        case "guided-grad-cam":
            yield PassesDone(0, 1)
            guided = attribute(given, METHODS["guided-backprop"], {}, given.image, seed)
            values = guided[0].cpu().numpy() * analysis.upsampled(layer, _size(given))[0]
            return _Found(values.sum(0), not analysis.activation_gradients[layer].any(), values)
        case _:
            yield PassesDone(0, 1)
            return _cam(analysis, row, options, layer)


def _feature(given: ScoredImage, layer: str) -> Float[np.ndarray, "c h w"]:
    """What the layer held when the subject ran; the analysis says why there are no positions."""
    kept = given.features.get(layer)
    if kept is None or kept.ndim != 3:
        return np.asarray(_analysis(given, [layer]).features[layer][0])
    return np.asarray(kept.float().cpu().numpy())


def _cam(analysis: Analysis, row: Method, options: Mapping[str, float], layer: str) -> _Found:
    method, epsilon = CamMethod(row.name), options.get("epsilon", EPSILON)
    feature, gradient = analysis.features[layer], analysis.activation_gradients[layer]
    raw = raw_map(method, feature, gradient, epsilon=epsilon)[0]
    source = feature if method in CLASSLESS else gradient
    return _Found(raw, not source.any())


def _analysis(given: ScoredImage, layers: Sequence[str]) -> Analysis:
    analysis = analyze(
        given.network,
        given.image,
        target=lambda output: given.scored.of(logits_of(output)),
        layers=layers,
        gradients=True,
    )
    for layer in layers:
        if layer not in analysis.cams:
            runs = ", ".join(analysis.cams) or ", ".join(map_layers(given.network)[-5:])
            raise LayerError("explain_layer", name=layer, known=runs or "-")
    return analysis


def _size(given: ScoredImage) -> tuple[int, int]:
    height, width = given.image.shape[2:]
    return height, width


def _record(
    given: ScoredImage,
    row: Method,
    options: Mapping[str, float],
    place: str | Fused | None,
    found: _Found,
) -> Explanation:
    network = given.network
    fused = place if isinstance(place, Fused) else None
    layer = place if isinstance(place, str) else None
    shown = found.raw if row.signed else np.maximum(found.raw, 0)
    logits = given.logits.cpu().numpy()
    for array in (shown, logits, found.attributions):
        if array is not None:
            array.setflags(write=False)
    return Explanation(
        network=network.spec.name if isinstance(network, ResNet) else type(network).__name__,
        method=row.name,
        options=options,
        layer=layer,
        target=given.scored.target,
        against=given.scored.against,
        signed=row.signed,
        map=shown,
        attributions=found.attributions,
        logits=logits,
        input_size=_size(given),
        blank=why_blank(
            given,
            layer if fused is None else fused.layers[0],
            shown,
            found.raw,
            gradients_vanish=found.vanishes,
        ),
        completeness=found.completeness,
        fused=fused,
    )
