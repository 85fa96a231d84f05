"""Any method on one image of any network, as one record."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from torch import nn

from resnet_viz.core.errors import LayerError, OptionError, close_matches
from resnet_viz.explain.blank_maps import why_blank
from resnet_viz.explain.layer_fusion import fuse
from resnet_viz.explain.method_names import MethodName
from resnet_viz.explain.method_options import Options
from resnet_viz.explain.methods import InputMethod, LayerMethod, Method, method_named
from resnet_viz.explain.raw_map import MapInSteps, PassesDone, RawMap
from resnet_viz.explain.score_image import EVERY_BLOCK, LAST, score_image
from resnet_viz.explain.scored_image import ClassOrFunction, ScoredImage
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.resample import enlarge
from resnet_viz.probe.capture import layer_names
from resnet_viz.probe.inputs import Inputs, Layer, checked_network, name_of
from resnet_viz.probe.layouts import ReshapeOption
from resnet_viz.records import Activation
from resnet_viz.records.explanation import Explanation, Fused, Fusion


def explain(  # noqa: PLR0913  # all but two have defaults, and are given by name
    network: nn.Module,
    image: Inputs,
    method: MethodName | str = MethodName.GRAD_CAM,
    *,
    layer: Layer | Fused | None = None,
    target: ClassOrFunction | None = None,
    against: int | None = None,
    options: Mapping[str, float] | None = None,
    seed: int = 0,
    reshape: ReshapeOption = None,
    activation: Activation | str | None = None,
) -> Explanation:
    """Explain the score of one normalised image by any method of ``METHODS``.

    The network is left unchanged.

    Parameters
    ----------
    network
        Any network; its output is logits (batch, classes) unless ``target`` is a function.
    image
        A batch of one image (1, channel, *positions), or a tuple of such batches for a network with
        several inputs; the first of them is explained.
    method
        By name, with or without hyphens.
    layer
        The layer of a ``LayerMethod`` by name or as a module, or several layers as one map. By
        default the last layer that holds the whole signal, as a block after its addition. A method
        at the input ignores it.
    target
        The class whose logit is the score; None for the top class. A function from the network's
        output to one score for each image of a batch defines the score itself.
    against
        A class whose logit is subtracted from the score.
    options
        The method's own options where they differ from the defaults.
    seed
        Seed of the method's random numbers.
    reshape, activation
        As for ``analyze``.

    Raises
    ------
    OptionError, LayerError, TargetError, NetworkError
        An argument is invalid, or the method does not work with the network.

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
        reshape=reshape,
        activation=activation,
    )
    return next(step for step in steps if isinstance(step, Explanation))


def explain_in_steps(  # noqa: PLR0913  # all but two have defaults, and are given by name
    network: nn.Module,
    image: Inputs,
    method: MethodName | str = MethodName.GRAD_CAM,
    *,
    layer: Layer | Fused | None = None,
    target: ClassOrFunction | None = None,
    against: int | None = None,
    options: Mapping[str, float] | None = None,
    seed: int = 0,
    reshape: ReshapeOption = None,
    activation: Activation | str | None = None,
) -> Iterator[PassesDone | Explanation]:
    """``explain`` with progress: ``PassesDone`` after each batch of passes, the record last."""
    network = checked_network(network)
    row = method_named(method)
    all_options = row.options_with(options)

    def scored_at(layers: Sequence[str] | str = ()) -> ScoredImage:
        return score_image(
            network, image, target, against, layers, seed, activation=activation, reshape=reshape
        )

    place: str | Fused | None = None
    match row:
        case LayerMethod():
            scored = scored_at(_layers(network, row, layer))
            scored.check_layers_have_maps()
            if isinstance(layer, Fused):
                place = Fused(Fusion(layer.how), scored.layers)
                raw = yield from _fused_map(scored, row, all_options, place.how)
            else:
                place = scored.layers[0]
                raw = yield from row.run(scored, place, all_options)
        case InputMethod():
            _check_no_typo(network, row, layer)
            scored = scored_at()
            raw = yield from row.run(scored, all_options)
    yield _explanation(scored, row, all_options, place, raw)


def _layers(
    network: nn.Module, row: LayerMethod, layer: Layer | Fused | None
) -> Sequence[str] | str:
    """The names of the layers, or which to choose in the pass.

    Raises ``OptionError`` for a method whose maps cannot be fused.
    """
    if layer is None:
        return LAST
    if not isinstance(layer, Fused):
        return (name_of(network, layer),)
    if not row.can_be_fused:
        raise OptionError("explain_fuse", method=row.name)
    return layer.layers or EVERY_BLOCK


def _check_no_typo(network: nn.Module, row: InputMethod, layer: Layer | Fused | None) -> None:
    """A method at the input ignores the layer, but an unknown name is still an error."""
    if isinstance(layer, Fused):
        raise OptionError("explain_fuse", method=row.name)
    if layer is None:
        return
    name, known = name_of(network, layer), layer_names(network)
    if name not in known and name.partition("#")[0] not in known:
        raise LayerError("layer_unknown", name=name, known=close_matches(name, known))


def _fused_map(scored: ScoredImage, row: LayerMethod, options: Options, how: Fusion) -> MapInSteps:
    """One map of all layers of ``scored``."""
    maps = []
    for number, layer in enumerate(scored.layers, 1):
        maps.append((yield from row.run(scored, layer, options)))
        yield PassesDone(number, len(scored.layers))
    values = fuse([one.values for one in maps], how, *scored.size)
    if not values.any():  # nothing is above zero; negative values tell ``why_blank`` the reason
        enlarged = [enlarge(one.values[None], *scored.size)[0] for one in maps]
        values = np.min(enlarged, axis=0)
    return RawMap(values, vanishes=all(one.vanishes for one in maps))


def _explanation(
    scored: ScoredImage, row: Method, options: Options, place: str | Fused | None, raw: RawMap
) -> Explanation:
    network = scored.network
    fused = place if isinstance(place, Fused) else None
    layer = place if isinstance(place, str) else None
    shown = raw.values if row.signed else np.maximum(raw.values, 0)
    logits = None if scored.logits is None else scored.logits.float().cpu().numpy()
    for array in (shown, logits, raw.attributions):
        if array is not None:
            array.setflags(write=False)
    return Explanation(
        network=network.spec.name if isinstance(network, ResNet) else type(network).__name__,
        method=row.name,
        options=options,
        layer=layer,
        target=scored.scored_network.target,
        against=scored.scored_network.against,
        signed=row.signed,
        map=shown,
        attributions=raw.attributions,
        logits=logits,
        input_size=scored.size,
        blank=why_blank(
            scored,
            layer if fused is None else fused.layers[0],
            shown,
            raw.values,
            gradients_vanish=raw.vanishes,
        ),
        completeness=raw.completeness,
        fused=fused,
        activation=scored.activation,
    )
