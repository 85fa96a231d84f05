"""The arguments of a call, checked before a network runs: network, images and layers."""

import copy
import inspect
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.core.errors import LayerError, NetworkError, OptionError
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.decode import Picture
from resnet_viz.pictures.preprocess import seen, to_batch
from resnet_viz.probe.capture import unwrapped
from resnet_viz.probe.walk import modules_of, weights_of
from resnet_viz.spec import NetworkSpec

#: A batch, or a tuple of batches for a network with several inputs.
Inputs = Tensor | tuple[Tensor, ...]

#: A layer by its name or as the module itself.
Layer = str | nn.Module


#: A network, or what ``load`` returned, which knows its class names.
Network = nn.Module | Loaded


def checked_network(network: object) -> nn.Module:
    """The module inside any wrapper; ``NetworkError`` for what cannot be analysed."""
    if isinstance(network, Loaded):
        network = network.network
    if not isinstance(network, nn.Module):
        raise NetworkError("network_not_module", given=type(network).__name__)
    inside = unwrapped(network)
    if isinstance(inside, ResNet):
        return inside
    weights = weights_of(modules_of(inside))
    if any(is_lazy(weight) for weight in weights):
        raise NetworkError("network_lazy")
    return inside


def network_name(network: nn.Module) -> str:
    """The name for records: of a spec, otherwise of the class."""
    return _name_of(network.spec) if isinstance(network, ResNet) else type(network).__name__


@lru_cache(maxsize=64)
def _name_of(spec: NetworkSpec) -> str:
    return spec.name  # it is looked up among all presets


def class_names(
    network: object, classes: Sequence[str] | Mapping[int, str] | None
) -> tuple[str, ...] | None:
    """The names that were given, or those that a loaded network brings; None for neither.

    Raises ``OptionError`` for names that are no list of texts.
    """
    if classes is None:
        return network.classes if isinstance(network, Loaded) else None
    names: Iterable[object] = classes
    if isinstance(classes, Mapping) and set(classes) == set(range(len(classes))):
        names = [classes[number] for number in range(len(classes))]
    texts = () if isinstance(names, str) else tuple(n for n in names if isinstance(n, str))
    if not texts or len(texts) != len(classes):
        raise OptionError("classes_not_texts", given=type(classes).__name__)
    return texts


def usable(network: nn.Module) -> nn.Module:
    """The network, or a copy if its weights were created under ``torch.inference_mode``."""
    first = next(network.parameters(), None)
    if first is None or not first.is_inference():
        return network
    with torch.inference_mode(False):
        return copy.deepcopy(network)


def first_of(images: Inputs) -> Tensor:
    """The input whose positions a map has: the only one or the first."""
    return images if isinstance(images, Tensor) else images[0]


def as_tuple(images: Inputs) -> tuple[Tensor, ...]:
    """All inputs, in order."""
    return (images,) if isinstance(images, Tensor) else images


def as_batch(network: object, images: object) -> Inputs:
    """The images on a network's device; a loaded one also takes a picture, preprocessed here.

    Raises ``NetworkError`` for what is neither.
    """
    module = network.network if isinstance(network, Loaded) else network
    if isinstance(images, Picture) and isinstance(network, Loaded):
        images = to_batch([seen(images, network.preprocessing)], network.preprocessing)
    weight = next(module.parameters(), None) if isinstance(module, nn.Module) else None
    moved = []
    for one in images if isinstance(images, tuple) else (images,):
        if not isinstance(one, Tensor):
            raise NetworkError("images_not_tensor", given=type(one).__name__)
        moved.append(one if weight is None else one.to(weight.device))
    return tuple(moved) if isinstance(images, tuple) else moved[0]


def check_images(network: nn.Module, images: object) -> None:
    """Raise ``NetworkError`` for images that the network cannot take."""
    inputs = images if isinstance(images, tuple) else (images,)
    for one in inputs:
        if not isinstance(one, Tensor):
            raise NetworkError("images_not_tensor", given=type(one).__name__)
    if not inputs:
        raise NetworkError("images_no_batch", given=())
    if len(inputs) > 1:
        _check_signature(network, inputs)
    for one in inputs:
        _check_tensor(network, one)
    if len({len(one) for one in inputs}) > 1:
        raise NetworkError("images_counts", given=", ".join(str(len(one)) for one in inputs))


def _check_signature(network: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    try:
        inspect.signature(network.forward).bind(*inputs)
    except TypeError:
        raise NetworkError("images_inputs", given=len(inputs)) from None


def _check_tensor(network: nn.Module, images: Tensor) -> None:
    if not images.is_floating_point():
        kind = str(images.dtype).removeprefix("torch.")
        raise NetworkError("images_not_float", given=kind)
    shape = tuple(images.shape)
    one_picture = images.ndim == 3 and any(isinstance(m, nn.Conv2d) for m in network.modules())
    if images.ndim < 2 or one_picture or not len(images):
        raise NetworkError("images_no_batch", given=shape)
    weight = next((p for p in network.parameters() if p.is_floating_point()), images)
    if images.device != weight.device:
        raise NetworkError("images_device", given=str(images.device), network=str(weight.device))
    if images.dtype != weight.dtype and not torch.is_autocast_enabled(images.device.type):
        image_type, weight_type = (str(t.dtype).removeprefix("torch.") for t in (images, weight))
        raise NetworkError("images_precision", given=image_type, network=weight_type)
    if isinstance(network, ResNet):
        channels = network.spec.input_channels
        if images.ndim != 4 or images.shape[1] != channels:
            raise NetworkError("images_channels", given=shape, channels=channels)


def names_of(network: nn.Module, layers: Layer | Sequence[Layer] | None) -> list[str] | None:
    """The names of layers that are given by name or as modules, one or several; None for None."""
    if layers is None:
        return None
    several = [layers] if isinstance(layers, str | nn.Module) else layers
    if not isinstance(several, Sequence):
        raise LayerError("layer_kind", given=type(layers).__name__)
    return [name_of(network, layer) for layer in several]


def name_of(network: nn.Module, layer: object) -> str:
    """The name of one layer; ``LayerError`` if it is neither a name nor part of the network."""
    if isinstance(layer, str):
        return layer
    if not isinstance(layer, nn.Module):
        raise LayerError("layer_kind", given=type(layer).__name__)
    for name, module in network.named_modules():
        if module is layer and name:
            return str(name)
    raise LayerError("layer_elsewhere", given=type(layer).__name__)
