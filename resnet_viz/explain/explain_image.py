"""Any method on one image of any network, as one record."""

from collections.abc import Iterator, Mapping

import numpy as np
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.core.errors import LayerError, OptionError, close_matches
from resnet_viz.explain.blank_maps import why_blank
from resnet_viz.explain.layer_fusion import fuse
from resnet_viz.explain.map_layers import block_layers, last_layer
from resnet_viz.explain.method_names import MethodName
from resnet_viz.explain.method_options import Options
from resnet_viz.explain.methods import InputMethod, LayerMethod, Method, method_named
from resnet_viz.explain.raw_map import MapInSteps, PassesDone, RawMap
from resnet_viz.explain.scored_image import ScoredImage, score_image
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.resample import enlarge
from resnet_viz.probe.capture import layer_names, unwrapped
from resnet_viz.records.explanation import Explanation, Fused, Fusion


def explain(
    network: nn.Module,
    image: Float[Tensor, "one channel height width"],
    method: MethodName | str = MethodName.GRAD_CAM,
    *,
    layer: str | Fused | None = None,
    target: int | None = None,
    against: int | None = None,
    options: Mapping[str, float] | None = None,
    seed: int = 0,
) -> Explanation:
    """Explain the score of one normalised image by any method of ``METHODS``.

    The network is left unchanged.

    Parameters
    ----------
    network
        Any classifier; its output is logits (batch, classes).
    image
        A batch of one image.
    method
        By name, with or without hyphens.
    layer
        The layer of a ``LayerMethod``: the last block or convolution by default, or several layers
        as one map. A method at the input ignores it.
    target
        The class whose logit is the score; None for the top class.
    against
        A class whose logit is subtracted from the score.
    options
        The method's own options where they differ from the defaults.
    seed
        Seed of the method's random numbers.

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
    )
    return next(step for step in steps if isinstance(step, Explanation))


def explain_in_steps(
    network: nn.Module,
    image: Float[Tensor, "one channel height width"],
    method: MethodName | str = MethodName.GRAD_CAM,
    *,
    layer: str | Fused | None = None,
    target: int | None = None,
    against: int | None = None,
    options: Mapping[str, float] | None = None,
    seed: int = 0,
) -> Iterator[PassesDone | Explanation]:
    """``explain`` with progress: ``PassesDone`` after each batch of passes, the record last."""
    network = unwrapped(network)
    row = method_named(method)
    all_options = row.options_with(options)
    match row:
        case LayerMethod():
            place = _fused(network, row, layer) if isinstance(layer, Fused) else layer
            place = place or last_layer(network)
            layers = place.layers if isinstance(place, Fused) else (place,)
            scored = score_image(network, image, target, against, layers, seed)
            scored.check_layers_have_maps()
            if isinstance(place, Fused):
                raw = yield from _fused_map(scored, row, all_options, place.how)
            else:
                raw = yield from row.run(scored, place, all_options)
        case InputMethod():
            place = None
            _check_no_typo(network, row, layer)
            scored = score_image(network, image, target, against, seed=seed)
            raw = yield from row.run(scored, all_options)
    yield _explanation(scored, row, all_options, place, raw)


def _fused(network: nn.Module, row: LayerMethod, fused: Fused) -> Fused:
    """The same layers by name; ``OptionError`` for a method whose maps cannot be fused."""
    if not row.can_be_fused:
        raise OptionError("explain_fuse", method=row.name)
    return Fused(
        Fusion(fused.how), fused.layers or tuple(block_layers(network)) or (last_layer(network),)
    )


def _check_no_typo(network: nn.Module, row: InputMethod, layer: str | Fused | None) -> None:
    """A method at the input ignores the layer, but an unknown name is still an error."""
    if isinstance(layer, Fused):
        raise OptionError("explain_fuse", method=row.name)
    known = layer_names(network)
    if layer is not None and layer not in known and layer.partition("#")[0] not in known:
        raise LayerError("layer_unknown", name=layer, known=close_matches(layer, known))


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
    logits = scored.logits.cpu().numpy()
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
    )
