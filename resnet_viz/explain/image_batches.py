"""Several images, one after the other: a batch, pictures, or a loader of batches."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from resnet_viz.core.errors import NetworkError, TargetError
from resnet_viz.pictures.decode import Picture
from resnet_viz.probe.inputs import Inputs, Network, as_batch, as_tuple
from resnet_viz.probe.targets import as_integers

#: What can be explained: a batch, a picture, pictures, or an iterable of batches.
Images: TypeAlias = Inputs | Picture | Iterable[object]

#: A class for all images, one for each, a function, or "label" for a loader's own labels.
Targets: TypeAlias = int | Sequence[int] | Tensor | Callable[[object], Tensor] | str | None

#: The target that means the labels that come with the images.
LABEL = "label"


@dataclass(frozen=True, eq=False)
class OneImage:
    """A batch of one image, what to explain of it, and its true class if that came with it."""

    inputs: Inputs
    target: int | Callable[[object], Tensor] | None
    label: int | None = None


def is_iterable(images: object) -> bool:
    """Whether the images come in batches or as pictures rather than as one tensor."""
    if isinstance(images, list):
        return bool(images) and all(isinstance(one, Picture) for one in images)
    single = isinstance(images, Tensor | tuple | Picture | str | bytes | np.ndarray)
    return not single and isinstance(images, Iterable)


def of_batch(inputs: Inputs, targets: Targets) -> list[OneImage]:
    """The images of a batch; ``TargetError`` for another number of targets."""
    count = len(as_tuple(inputs)[0])
    each = _each(targets, count)
    return [OneImage(_cut(inputs, place), one) for place, one in enumerate(each)]


def of_iterable(network: Network, images: Iterable[object], targets: Targets) -> Iterator[OneImage]:
    """The images of all batches, on the network's device."""
    for batch in images:
        inputs, labels = _labelled(batch)
        given = as_batch(network, inputs)
        count = len(as_tuple(given)[0])
        truth = [None] * count if labels is None else as_integers(labels).tolist()
        if len(truth) != count:
            raise TargetError("target_count", given=(len(truth),), images=count)
        if isinstance(targets, str) and labels is None:
            raise TargetError("target_no_labels")
        wanted = truth if isinstance(targets, str) else _each(_for_all(targets), count)
        for place, (target, label) in enumerate(zip(wanted, truth, strict=True)):
            yield OneImage(_cut(given, place), target, label)


def how_many(images: object) -> int | None:
    """The number of images, if it is known."""
    if isinstance(images, DataLoader):
        try:
            return len(images.dataset)  # type: ignore[arg-type]  # not every data set has a length
        except TypeError:
            return None
    return len(images) if isinstance(images, list) else None


def check_targets(targets: Targets) -> None:
    """Raise ``TargetError`` for a text that is not "label"."""
    if isinstance(targets, str) and targets != LABEL:
        raise TargetError("target_type", given=f"text {targets!r}")


def _each(targets: Targets, count: int) -> list[int | Callable[[object], Tensor] | None]:
    if targets is None or callable(targets):
        return [targets] * count
    numbers = as_integers(targets)
    if numbers.ndim and numbers.shape != (count,):
        raise TargetError("target_count", given=tuple(numbers.shape), images=count)
    return numbers.expand(count).tolist()


def _for_all(targets: Targets) -> Targets:
    """A loader's batches have one target in common: a class or a function."""
    if targets is None or callable(targets) or as_integers(targets).ndim == 0:
        return targets
    raise TargetError("target_of_loader")


def _labelled(batch: object) -> tuple[object, object | None]:
    """A batch and its labels, as data sets give them: (images, labels), or images alone."""
    if not isinstance(batch, list | tuple):
        return batch, None
    if len(batch) == 1:
        return batch[0], None
    images, labels = batch[0], batch[1] if len(batch) == 2 else None
    whole = isinstance(labels, Tensor) and not labels.is_floating_point() and labels.ndim == 1
    if isinstance(images, Tensor) and (whole or isinstance(labels, int)):
        return images, labels if isinstance(labels, Tensor) else torch.tensor([labels])
    if all(isinstance(one, Tensor) for one in batch):
        return tuple(batch), None  # a network with several inputs
    raise NetworkError("images_not_tensor", given=f"{type(batch).__name__} in a loader's batch")


def _cut(inputs: Inputs, place: int) -> Inputs:
    parts = tuple(one[place : place + 1] for one in as_tuple(inputs))
    return parts if isinstance(inputs, tuple) else parts[0]
