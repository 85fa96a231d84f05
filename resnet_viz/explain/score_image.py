"""One pass that fixes the score of an image and the layers of its map."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from resnet_viz.core.errors import TargetError
from resnet_viz.explain.baselines import Baseline, BaselineName
from resnet_viz.explain.default_layer import candidates, last_whole_layer
from resnet_viz.explain.scored_image import (
    ClassOrFunction,
    ScoredImage,
    ScoredNetwork,
    check_one_image,
)
from resnet_viz.explain.stopping import raise_if_stopped
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.probe.capture import Capture, capture, default_layers
from resnet_viz.probe.inputs import Inputs, as_tuple, check_images, checked_network, usable
from resnet_viz.probe.isolation import untouched
from resnet_viz.probe.layouts import ReshapeOption, View, reshape_named, view_of
from resnet_viz.probe.targets import activation_named, activation_of, classes_of, logits_of
from resnet_viz.records import Activation

#: The layers of a map: their names, or a choice that needs the pass itself.
LAST, EVERY_BLOCK = "last", "every block"


def score_image(  # noqa: PLR0913  # those that select, and those of every explanation
    network: nn.Module,
    image: Inputs,
    target: ClassOrFunction | None = None,
    against: int | None = None,
    layers: Sequence[str] | str = (),
    seed: int = 0,
    *,
    activation: Activation | str | None = None,
    reshape: ReshapeOption = None,
    baseline: Baseline = BaselineName.ZERO,
) -> ScoredImage:
    """Run the image once and fix the target; None means the top class.

    ``layers`` are names, or ``LAST`` for the last layer that holds the whole signal, or
    ``EVERY_BLOCK``. Raises ``NetworkError``, ``TargetError`` or ``LayerError`` for an invalid
    argument.
    """
    network = usable(checked_network(network))
    asked, shaping = activation_named(activation), reshape_named(reshape)
    check_images(network, image)
    first, *rest = (one.detach().clone() for one in as_tuple(image))
    check_one_image(first)
    raise_if_stopped()
    names = _names(network, layers)
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        untouched(network, needs_gradients=False),
    ):
        leaf = first.clone().requires_grad_()
        inputs = (leaf.clone(), *(one.clone() for one in rest))
        captured = capture(network, inputs, names, lenient=isinstance(layers, str))
        logits, scored_network = _score(network, captured, target, against, tuple(rest))
        score = scored_network.checked_scores(captured.output, 1)
        views = _views(network, captured, leaf, shaping)
        kept = tuple(names)
        if layers == LAST and not isinstance(network, ResNet):
            classes = 0 if callable(target) else 1 + (against is not None)
            place = last_whole_layer(captured.values, views, score, leaf, named_classes=classes)
            kept = (place,)
        elif layers == EVERY_BLOCK:
            kept = tuple(name for name in captured.values if name in views)
    how = asked or (Activation.NONE if callable(target) else activation_of(_logits(logits)))
    return ScoredImage(
        scored_network,
        first,
        float(score.detach()[0]),
        None if logits is None else logits.detach()[0],
        how,
        kept,
        {name: value.detach() for name, value in captured.values.items() if _is_of(name, kept)},
        views,
        shaping,
        seed,
        baseline,
    )


def _names(network: nn.Module, layers: Sequence[str] | str) -> list[str]:
    if not isinstance(layers, str):
        return list(layers)
    if isinstance(network, ResNet):
        blocks = network.spec.blocks()
        return list(blocks if layers == EVERY_BLOCK else blocks[-1:])
    return candidates(network) if layers == LAST else default_layers(network)


def _is_of(name: str, kept: Sequence[str]) -> bool:
    return name in kept or name.rpartition("#")[0] in kept


def _score(
    network: nn.Module,
    captured: Capture,
    target: ClassOrFunction | None,
    against: int | None,
    rest: tuple[Tensor, ...],
) -> tuple[Tensor | None, ScoredNetwork]:
    if callable(target):
        if against is not None:
            raise TargetError("target_against_function")
        output = captured.output
        plain = output if isinstance(output, Tensor) and output.ndim == 2 else None
        return plain, ScoredNetwork(network, target, None, rest)
    logits = logits_of(captured.output)
    chosen = int(classes_of(target, logits)[0])
    if against is not None and int(classes_of(against, logits)[0]) == chosen:
        raise TargetError("explain_against", target=chosen)
    return logits, ScoredNetwork(network, chosen, against, rest)


def _logits(logits: Tensor | None) -> Tensor:
    assert logits is not None
    return logits


def _views(
    network: nn.Module, captured: Capture, image: Tensor, reshape: ReshapeOption
) -> dict[str, View]:
    modules = {} if isinstance(network, ResNet) else dict(network.named_modules())
    shaping = reshape_named(reshape)
    found = {
        name: view_of(name, value, modules.get(name.partition("#")[0]), image, shaping)
        for name, value in captured.values.items()
    }
    return {name: view for name, view in found.items() if view is not None}
