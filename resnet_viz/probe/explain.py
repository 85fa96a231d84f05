"""Any method, on any layer, as one record."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.errors import LayerError, NetworkError, close_matches
from resnet_viz.networks.resnet import ResNet
from resnet_viz.probe.analysis import analyze
from resnet_viz.probe.attribution import attribute, completeness, to_map
from resnet_viz.probe.cam_methods import CLASSLESS, EPSILON, CamMethod, raw_map
from resnet_viz.probe.capture import default_layers, layer_names, unwrapped
from resnet_viz.probe.methods import METHODS, Method, method_named, options_of
from resnet_viz.probe.passes import Step, ablation_cam, full_grad, score_cam
from resnet_viz.probe.scoring import Subject, subject
from resnet_viz.probe.targets import logits_of
from resnet_viz.records import Analysis
from resnet_viz.records.explanation import Completeness, Explanation, why_blank


def explain(
    network: nn.Module,
    image: Float[Tensor, "one channel height width"],
    method: str = "grad-cam",
    *,
    layer: str | None = None,
    target: int | None = None,
    against: int | None = None,
    options: Mapping[str, float] | None = None,
    seed: int = 0,
) -> Explanation:
    """What one normalised image's score rests on, by any of the methods in ``METHODS``.

    ``layer`` (the last block or convolution by default) is where the CAM family and its relatives
    look; the other methods explain the input. The score is the logit of ``target`` (None: the top
    class), or with ``against`` the difference of two logits. ``options`` are the method's own;
    ``seed`` decides what methods draw. The network is left as it was.

    Raises ``OptionError``, ``LayerError``, ``TargetError`` or ``NetworkError``, each with its cure.
    """
    steps = explaining(
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


def explaining(
    network: nn.Module,
    image: Float[Tensor, "one channel height width"],
    method: str = "grad-cam",
    *,
    layer: str | None = None,
    target: int | None = None,
    against: int | None = None,
    options: Mapping[str, float] | None = None,
    seed: int = 0,
) -> Iterator[Step | Explanation]:
    """``explain`` step by step: a ``Step`` after each batch of passes, at last the record."""
    network = unwrapped(network)
    row = method_named(method)
    chosen = options_of(row, options)
    given = subject(network, image, target, against)
    if row.at_layer:
        layer = layer or last_layer(network)
        found = yield from _at_layer(given, row, chosen, layer, seed)
    else:
        _check_layer(network, layer)
        layer = None
        found = yield from _at_input(given, row, chosen, seed)
    yield _record(given, row, chosen, layer, found)


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


_Steps = Generator[Step | Explanation, None, _Found]


def _at_input(given: Subject, row: Method, options: Mapping[str, float], seed: int) -> _Steps:
    if row.name == "full-grad":
        raw = yield from full_grad(given)
        return _Found(raw, not raw.any())
    yield Step(0, 1)
    found = attribute(given, row, options, given.image, seed)
    values = found[0].cpu().numpy()
    complete = completeness(given, row, options, found)
    return _Found(to_map(row, values[None])[0], not values.any(), values, complete)


def _at_layer(
    given: Subject, row: Method, options: Mapping[str, float], layer: str, seed: int
) -> _Steps:
    analysis = _analysis(given, layer)
    feature = analysis.features[layer][0]
    gradient = analysis.activation_gradients[layer][0]
    match row.name:
        case "score-cam":
            return _Found((yield from score_cam(given, feature)), not feature.any())
        case "ablation-cam":
            return _Found((yield from ablation_cam(given, feature, layer)), not feature.any())
        case "guided-grad-cam":
            yield Step(0, 1)
            guided = attribute(given, METHODS["guided-backprop"], {}, given.image, seed)
            values = guided[0].cpu().numpy() * analysis.upsampled(layer, _size(given))[0]
            return _Found(values.sum(0), not gradient.any(), values)
        case _:
            yield Step(0, 1)
            method, epsilon = CamMethod(row.name), options.get("epsilon", EPSILON)
            raw = raw_map(method, feature[None], gradient[None], epsilon=epsilon)[0]
            source = feature if method in CLASSLESS else gradient
            return _Found(raw, not source.any())


def _analysis(given: Subject, layer: str) -> Analysis:
    analysis = analyze(
        given.network,
        given.image,
        target=lambda output: given.scored.of(logits_of(output)),
        layers=[layer],
        gradients=True,
    )
    if layer not in analysis.cams:
        runs = ", ".join(analysis.cams) or ", ".join(map_layers(given.network)[-5:])
        raise LayerError("explain_layer", name=layer, known=runs or "-")
    return analysis


def _size(given: Subject) -> tuple[int, int]:
    height, width = given.image.shape[2:]
    return height, width


def _record(
    given: Subject, row: Method, options: Mapping[str, float], layer: str | None, found: _Found
) -> Explanation:
    network = given.network
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
        blank=why_blank(shown, found.raw, gradients_vanish=found.vanishes),
        completeness=found.completeness,
    )
