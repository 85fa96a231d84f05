"""The measurements of the first page: one trained block, and untrained networks of some depths.

Every shortcut is multiplied by a strength from 0 (plain) to 1 (residual), as in He et al. 2016
(arXiv 1603.05027), sec. 3.
"""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import torch
from torch import Tensor

from resnet_viz.checkpoints.load import load
from resnet_viz.checkpoints.sources.bundled_files import bundled_footing, bundled_names
from resnet_viz.core.saving import library_versions
from resnet_viz.datasets.cifar10_images import excerpt
from resnet_viz.experiments.measures.batches import photographs
from resnet_viz.experiments.measures.gradient_growth import GradientConfig, measured_gradients
from resnet_viz.networks.resnet.model import ResNet, build
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES
from resnet_viz.pictures.decode import to_png
from resnet_viz.pictures.preprocess import normalise, photo, seen, to_batch
from resnet_viz.pictures.samples import sample_picture
from resnet_viz.records import GradientMeasurement
from resnet_viz.records.first_visit import DepthSeries, FirstVisit, TrainedBlock, TrainedPair
from resnet_viz.records.footing import differences
from resnet_viz.spec import Initialisation, Kind, NetworkSpec, Norm

STRENGTHS = tuple(round(step / 10, 1) for step in range(11))
_SIDE = 96  # pixels of the photograph


def first_visit(
    *,
    network: str = "resnet20",
    sample: str = "cat",
    block: str = "layer1.0",
    depths: tuple[int, ...] = (20, 56, 110),
    strengths: tuple[float, ...] = STRENGTHS,
    seed: int = 0,
    images: int = 1000,
) -> FirstVisit:
    """Measure everything that the first page shows; deterministic.

    Parameters
    ----------
    network
        A bundled residual network.
    sample
        A bundled photograph.
    block
        A block with an identity shortcut.
    depths
        Layers of the untrained networks.
    strengths
        Factors of all shortcuts, from weak to strong.
    seed
        Of the untrained networks.
    images
        Test images of the excerpt that the trained network answers, at most 1000.

    """
    return FirstVisit(
        block=_trained_block(network, sample, block, strengths, images),
        depths=tuple(_series(depth, strengths, seed) for depth in depths),
        pair=_deepest_pair_trained_alike(),
        seed=seed,
        recorded=datetime.now(UTC).date().isoformat(),
        versions=library_versions(),
    )


def _trained_block(
    name: str, sample: str, block: str, strengths: tuple[float, ...], images: int
) -> TrainedBlock:
    loaded = load(name)
    picture = sample_picture(sample)
    batch = to_batch([seen(picture, loaded.preprocessing)], loaded.preprocessing)
    inside: dict[str, Tensor] = {}

    def keep(part: str, value: Tensor) -> Tensor:
        inside[part] = value
        return value

    assert isinstance(loaded.network, ResNet)
    chosen = excerpt().images[:images], excerpt().labels[:images]
    tests, labels = normalise(chosen[0], loaded.preprocessing), chosen[1]
    with torch.inference_mode():
        loaded.network(batch, keep)
        into = inside[f"{block}.shortcut"][0].numpy()
        branch = inside[f"{block}.branch"][0].numpy()
        hidden = inside[f"{block}.relu1"][0].numpy()
        accuracy, answers, shares = [], [], []
        for strength in strengths:
            scaled = _with_strength(loaded.network, strength)
            right = (
                torch.cat([scaled(part).argmax(1) for part in torch.split(tests, 100)]) == labels
            )
            accuracy.append(int(right.sum()) / len(right))
            probabilities = scaled(batch)[0].softmax(0)
            answers.append(CIFAR10_CLASSES[int(probabilities.argmax())])
            shares.append(round(float(probabilities.max()), 4))
    channel = _channel_where_both_vary(into, branch)
    liveliest = int(hidden.std((1, 2)).argmax())
    return TrainedBlock(
        network=name,
        digest=loaded.digest,
        sample=sample,
        photo=to_png(photo(picture, loaded.preprocessing, _SIDE)),
        block=block,
        channel=channel,
        x=_rounded(into[channel]),
        hidden=_rounded(hidden[liveliest]),
        branch=_rounded(branch[channel]),
        strengths=strengths,
        accuracy=tuple(accuracy),
        images=len(tests),
        answers=tuple(answers),
        shares=tuple(shares),
    )


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.round(values.astype(np.float64), 4)


def _with_strength(network: ResNet, strength: float) -> ResNet:
    """The same weights, with every shortcut multiplied by ``strength``."""
    scaled = build(replace(network.spec, shortcut_scale=strength), seed=0)
    scaled.load_state_dict(network.state_dict())
    return scaled.eval()


def _channel_where_both_vary(x: np.ndarray, branch: np.ndarray) -> int:
    """The channel in which the weaker one of input and branch varies most."""
    weaker = np.minimum(x.std((1, 2)), branch.std((1, 2)))
    return int(weaker.argmax())


def _series(depth: int, strengths: tuple[float, ...], seed: int) -> DepthSeries:
    signal, gradient = [], []
    for strength in strengths:
        spec = _untrained(depth, strength)
        by_name = {layer.name: layer for layer in _measured(spec, seed).layers}
        layers = [by_name[name] for name in ("conv1", *spec.blocks())]
        sizes = [layer.mean_square**0.5 for layer in layers]
        norms = [layer.activation_gradient_norm for layer in layers]
        signal.append(tuple(_digits(value / sizes[0]) for value in sizes))
        gradient.append(tuple(_digits(value / norms[-1]) for value in norms))
    return DepthSeries(depth=depth, signal=tuple(signal), gradient=tuple(gradient))


def _untrained(depth: int, strength: float) -> NetworkSpec:
    config = GradientConfig(
        norm=Norm.NONE, initialisation=Initialisation.DEFAULT, shortcut_scale=strength
    )
    return config.spec(depth, Kind.RESIDUAL)


def _measured(spec: NetworkSpec, seed: int) -> GradientMeasurement:
    """In double precision: without shortcuts a gradient of 110 layers is below any float32."""
    images, labels = photographs()
    return measured_gradients(build(spec, seed=seed).double(), images.double(), labels, seed=seed)


def _digits(value: float) -> float:
    return float(f"{value:.3g}")


def _deepest_pair_trained_alike() -> TrainedPair | None:
    names = set(bundled_names())
    depths = (name.removeprefix("plain") for name in names if name.startswith("plain"))
    for depth in sorted((d for d in depths if d.isdigit()), key=int, reverse=True):
        residual, plain = f"resnet{depth}", f"plain{depth}"
        first = bundled_footing(residual) if residual in names else None
        second = bundled_footing(plain)
        if first is None or second is None or differences([first, second]):
            continue
        return TrainedPair(
            depth=int(depth),
            epochs=first.epochs,
            residual_error=first.train_error,
            plain_error=second.train_error,
        )
    return None
