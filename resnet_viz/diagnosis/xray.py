"""``xray``: histograms of the values inside every layer, beside those of a bundled network."""

from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.checkpoints.identifying.identification import Identification
from resnet_viz.checkpoints.load import load
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.checkpoints.running_statistics import remeasured
from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.diagnosis.checks.image_checks import activation_names
from resnet_viz.diagnosis.pictures import bundled_batch
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.preprocess import seen, to_batch
from resnet_viz.pictures.samples import sample_picture, samples
from resnet_viz.records import Answer, Histogram, Quantity, Xray
from resnet_viz.spec import Block, NetworkSpec, Norm, Order, Stem
from resnet_viz.spec.layer_names import block_of, inside_block

_BINS = 48
_MOST_VALUES = 200_000  # of one layer; more change no bin by a pixel
_PICTURES = 64  # of 32 pixels
_LARGE_PICTURES = 8  # of more
_TINY = 1e-12

_Layers = dict[str, Mapping[Quantity, Histogram]]


def xray(
    identification: Identification, batch: Float[Tensor, "batch channel height width"]
) -> Xray:
    """Look into every layer of an identified network.

    Parameters
    ----------
    identification
        The network; it is not changed.
    batch
        Normalised pictures. The first ones are used: 64, or 8 of more than 32 pixels.

    """
    network, spec = identification.network, identification.spec
    few = batch[: _PICTURES if batch.shape[-1] <= 32 else _LARGE_PICTURES]
    runs = spec.input_channels == few.shape[1] and _is_finite(network)
    layers = _looked_into(network, few if runs else None)
    healthy = _healthy(spec)
    beside = None
    if healthy is not None:
        other = load(NetworkRef.parse(f"{healthy}:bundled"))
        pictures = bundled_batch(other.preprocessing)[:_PICTURES]
        there = _looked_into(other.resnet, pictures)
        places = {name: _same_place(name, spec, other.resnet.spec) for name in layers}
        beside = {name: there[place] for name, place in places.items() if place in there}
    return Xray(
        layers=layers,
        pictures=len(few) if runs else 0,
        healthy=healthy,
        beside=beside,
        answers=tuple(_answers(identification)) if runs else (),
    )


def histogram(values: Tensor) -> Histogram:
    """Count values in bins of equal width between the smallest and the largest finite one."""
    flat = values.detach().flatten().float()
    finite = flat[torch.isfinite(flat)]
    lost = len(flat) - len(finite)
    if not len(finite):
        return Histogram(0.0, 1.0, (0,) * _BINS, lost)
    low, high = (float(end) for end in torch.aminmax(finite))
    if high - low <= 1e-6 * max(abs(low), abs(high)):  # too narrow for bins in single precision
        width = abs(low) / 2 or 0.5
        low, high = low - width, high + width
    if len(finite) > _MOST_VALUES:  # both ends stay: an outlier is what one looks for
        ends = finite.new_tensor([low, high])
        finite = torch.cat([finite[:: -(-len(finite) // _MOST_VALUES)], ends])
    scaled = (finite.double() - low) / (high - low) * _BINS
    places = scaled.long().clamp(0, _BINS - 1)
    counts = torch.bincount(places, minlength=_BINS)
    return Histogram(low, high, tuple(counts.tolist()), lost)


def _looked_into(network: ResNet, batch: Tensor | None) -> _Layers:
    """Histograms by layer, in order of execution; only those of weights without a batch."""
    modules = dict(network.named_modules())
    found: dict[str, dict[Quantity, Histogram]] = {
        name: _of_weights(modules[name]) for name in network.tap_names() if name in modules
    }
    if batch is not None:
        _add_statistics(network, batch, found)
        _add_activations(network, batch, found)
    return {name: row for name, row in found.items() if row}


def _of_weights(module: nn.Module) -> dict[Quantity, Histogram]:
    match module:
        case nn.Conv2d() | nn.Linear():
            return {Quantity.WEIGHTS: histogram(module.weight)}
        case nn.BatchNorm2d() | nn.GroupNorm():
            weight: Tensor | None = module.weight  # None without a scale
            return {} if weight is None else {Quantity.SCALES: histogram(weight)}
    return {}


def _add_statistics(
    network: ResNet, batch: Tensor, found: dict[str, dict[Quantity, Histogram]]
) -> None:
    for name, (new_mean, new_variance) in remeasured(network, batch).statistics.items():
        norm = network.get_submodule(name)
        mean = torch.as_tensor(norm.running_mean).double()
        variance = torch.as_tensor(norm.running_var).double().clamp_min(_TINY)
        ratio = new_variance.double().clamp_min(_TINY) / variance
        found[name][Quantity.MEANS] = histogram((new_mean.double() - mean) / variance.sqrt())
        found[name][Quantity.VARIANCES] = histogram(ratio.log2())


def _add_activations(
    network: ResNet, batch: Tensor, found: dict[str, dict[Quantity, Histogram]]
) -> None:
    activations = activation_names(network.spec)

    def count(name: str, value: Tensor) -> Tensor:
        if name in activations and name in found:
            found[name][Quantity.ACTIVATIONS] = histogram(value)
        return value

    with torch.no_grad():
        network(batch, count)


def _healthy(spec: NetworkSpec) -> str | None:
    """The bundled network of this kind that is nearest in depth; None for another family."""
    alike = spec.stem is Stem.CIFAR and spec.block is Block.BASIC and spec.norm is Norm.BATCH
    if not alike or spec.order is not Order.POST or len(spec.depths) != 3:
        return None
    known = {name: NetworkSpec.preset(name) for name in bundled_names()}
    of_kind = {name: other for name, other in known.items() if other.kind is spec.kind}
    return min(of_kind, key=lambda name: abs(of_kind[name].depth - spec.depth), default=None)


def _same_place(layer: str, spec: NetworkSpec, other: NetworkSpec) -> str:
    """The layer of another network at the same share of the way through the same stage."""
    for own, theirs in zip(spec.stages, other.stages, strict=True):
        if block := block_of(layer, own):
            share = own.index(block) / max(1, len(own) - 1)
            return f"{theirs[round(share * (len(theirs) - 1))]}.{inside_block(layer)}"
    return layer


def _answers(identification: Identification) -> Iterator[Answer]:
    """What the network says to each bundled photograph."""
    classes, preprocessing = identification.classes, identification.preprocessing
    spec, answers = identification.spec, identification.file.answers
    if not answers or len(classes) != spec.classes or spec.input_channels not in (1, 3):
        return
    names = list(samples())
    pixels = [seen(sample_picture(name), preprocessing) for name in names]
    with torch.no_grad():
        shares = identification.network(to_batch(pixels, preprocessing)).softmax(1)
    for name, row in zip(names, shares, strict=True):
        if not torch.isfinite(row).all():
            continue
        best = int(row.argmax())
        label = samples()[name].label
        right = classes[best] == label if label in classes else None
        yield Answer(name, classes[best], float(row[best]), right)


def _is_finite(network: nn.Module) -> bool:
    return all(bool(torch.isfinite(value).all()) for value in network.state_dict().values())
