"""Any method on one image of any network, step by step."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from torch import nn

from resnet_viz.core.errors import LayerError, OptionError, close_matches
from resnet_viz.explain.baselines import OWN, Baseline, BaselineName, baseline_name
from resnet_viz.explain.blank_maps import why_blank
from resnet_viz.explain.layer_fusion import fuse
from resnet_viz.explain.method_names import MethodName
from resnet_viz.explain.method_options import Options
from resnet_viz.explain.methods import METHODS, InputMethod, LayerMethod, Method, method_named
from resnet_viz.explain.raw_map import MapInSteps, PassesDone, RawMap
from resnet_viz.explain.score_image import EVERY_BLOCK, LAST, score_image
from resnet_viz.explain.scored_image import ClassOrFunction, ScoredImage
from resnet_viz.pictures.decode import Picture
from resnet_viz.pictures.resample import enlarge
from resnet_viz.probe.capture import layer_names
from resnet_viz.probe.inputs import (
    Inputs,
    Layer,
    Network,
    as_batch,
    checked_network,
    class_names,
    name_of,
    network_name,
)
from resnet_viz.probe.layouts import ReshapeOption
from resnet_viz.records import Activation
from resnet_viz.records.map_facts import Fused, Fusion
from resnet_viz.results.explanation_result import Explanation


def explaining(  # noqa: PLR0913  # all but two have defaults, and are given by name
    network: Network,
    image: Inputs | Picture,
    method: MethodName | str = MethodName.GRAD_CAM,
    *,
    layer: Layer | Fused | None = None,
    target: ClassOrFunction | None = None,
    against: int | None = None,
    options: Mapping[str, float] | None = None,
    seed: int = 0,
    reshape: ReshapeOption = None,
    activation: Activation | str | None = None,
    baseline: Baseline | None = None,
    classes: Sequence[str] | Mapping[int, str] | None = None,
    keep_image: bool = True,
) -> Iterator[PassesDone | Explanation]:
    """``explain`` of one image, step by step.

    Yields ``PassesDone`` after each batch of passes and the ``Explanation`` last. Arguments and
    errors as for ``explain``.
    """
    names = class_names(network, classes)
    if isinstance(image, Picture):
        image = as_batch(network, image)
    network = checked_network(network)
    row = method_named(method)
    all_options = row.options_with(options)
    compared = _compared(row, baseline)

    def scored_at(layers: Sequence[str] | str = ()) -> ScoredImage:
        return score_image(
            network,
            image,
            target,
            against,
            layers,
            seed,
            activation=activation,
            reshape=reshape,
            baseline=BaselineName.ZERO if compared is None else compared,
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
    found = _explanation(scored, row, all_options, place, raw)
    yield replace(found, classes=names, image=found.image if keep_image else None)


def _compared(row: Method, baseline: Baseline | None) -> Baseline | None:
    """The baseline of a method that has one; ``OptionError`` for one of a method without."""
    if row.compares:
        return BaselineName.ZERO if baseline is None else baseline
    if baseline is not None:
        known = ", ".join(one.name for one in METHODS.values() if one.compares)
        raise OptionError("method_without_baseline", method=row.name, known=known)
    return None


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
    image = scored.image[0].float().cpu().numpy()
    name = baseline_name(scored.baseline) if row.compares else None
    own = scored.baseline_image[0].float().cpu().numpy() if name == OWN else None
    for array in (shown, logits, raw.attributions, image, own):
        if array is not None:
            array.setflags(write=False)
    return Explanation(
        network=network_name(network),
        method=row.name.value,
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
        image=image,
        baseline=name,
        baseline_values=own,
    )
