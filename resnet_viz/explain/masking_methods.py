"""Maps that need many passes or the whole network: Score-CAM, Ablation-CAM, FullGrad.

Each is a generator: ``PassesDone`` after every batch, so that the caller shows progress and can
stop, and the map, before its last ReLU, as what it returns.
"""

from collections.abc import Generator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.explain.raw_map import PassesDone
from resnet_viz.explain.scored_image import ScoredImage, channels_last, scores
from resnet_viz.explain.stopping import raise_if_stopped
from resnet_viz.pictures.resample import enlarge
from resnet_viz.probe.analyze import analyze
from resnet_viz.probe.capture import run_with
from resnet_viz.probe.isolation import untouched
from resnet_viz.probe.targets import logits_of

Map = Generator[PassesDone, None, Float[np.ndarray, "h w"]]


def score_cam(given: ScoredImage, feature: Float[np.ndarray, "c h w"]) -> Map:
    """sum_k w_k A^k, w = softmax over k of the score of the image seen through A^k alone.

    A^k is scaled to 0 to 1 and enlarged before it masks the image (Wang 2020, arXiv 1910.01279,
    eq. 3 to 5); the score of the whole image, which the paper subtracts, falls out of the softmax.
    """
    low, high = feature.min((1, 2), keepdims=True), feature.max((1, 2), keepdims=True)
    masks = enlarge((feature - low) / (high - low + 1e-8), *given.image.shape[2:])
    found: list[Tensor] = []
    for start in range(0, len(masks), given.chunk):
        part = torch.from_numpy(masks[start : start + given.chunk, None]).to(given.image)
        found.append(scores(given, given.image * part))
        yield PassesDone(start + len(part), len(masks))
    weights = torch.cat(found).softmax(0).cpu().numpy()
    return np.asarray(np.einsum("c,chw->hw", weights, feature))


def ablation_cam(given: ScoredImage, feature: Float[np.ndarray, "c h w"], layer: str) -> Map:
    """sum_k w_k A^k, w_k = (y - y_k) / y, y_k the score with channel k set to zero.

    Desai 2020 (WACV, eq. 4).
    """
    channels, score = len(feature), given.score
    found: list[Tensor] = []
    for start in range(0, channels, given.chunk):
        raise_if_stopped()
        ablated = torch.arange(start, min(start + given.chunk, channels))
        found.append(_without(given, layer, ablated.to(given.image.device)))
        yield PassesDone(start + len(ablated), channels)
    weights = (score - torch.cat(found).cpu().numpy()) / (score or 1.0)
    return np.asarray(np.einsum("c,chw->hw", weights, feature))


def full_grad(given: ScoredImage) -> Map:
    """psi(x * dy/dx) + sum of psi(b * dy/dz) over all biases b, z what they are added to.

    psi: absolute value, scaled to 0 to 1 channel by channel, enlarged, summed over channels. A
    batch normalisation's bias is beta - gamma mean / deviation (Srinivas 2019, arXiv 1905.00780,
    eq. 6). Needs evaluation mode.
    """
    height, width = given.image.shape[2:]
    biases = _biases(given.network)
    image = given.image.clone().requires_grad_()
    with torch.enable_grad(), untouched(given.network, needs_gradients=False):
        slope = torch.autograd.grad(given.scored(image).sum(), image)[0]
    yield PassesDone(1, 2)
    result = _spread((slope * given.image)[0].cpu().numpy(), height, width)
    if biases:
        analysis = analyze(
            given.network,
            given.image,
            target=lambda output: given.scored.of(logits_of(output)),
            layers=list(biases),
            gradients=True,
        )
        for name, gradient in analysis.activation_gradients.items():
            share = biases[name.partition("#")[0]][:, None, None] * gradient[0]
            result = result + _spread(share, height, width)
    yield PassesDone(2, 2)
    return result


def _biases(network: nn.Module) -> dict[str, Float[np.ndarray, " c"]]:
    """What each convolution and batch normalisation adds to its channels."""
    found = {}
    for name, module in network.named_modules():
        match module:
            case nn.BatchNorm2d(running_mean=Tensor(), running_var=Tensor()):
                mean, variance = module.running_mean, module.running_var
                assert mean is not None
                assert variance is not None
                gain = (variance + module.eps).rsqrt()
                gain = gain if module.weight is None else gain * module.weight
                bias = -mean * gain + (0 if module.bias is None else module.bias)
            case nn.Conv2d(bias=Tensor() as bias):
                pass
            case _:
                continue
        found[name] = bias.detach().float().cpu().numpy()
    return found


def _spread(
    values: Float[np.ndarray, "c h w"], height: int, width: int
) -> Float[np.ndarray, "height width"]:
    """The psi of ``full_grad``."""
    size = np.abs(values)
    size = size - size.min((1, 2), keepdims=True)
    size = size / (size.max((1, 2), keepdims=True) + 1e-7)
    return np.asarray(enlarge(size, height, width).sum(0))


def _without(given: ScoredImage, layer: str, channels: Tensor) -> Tensor:
    """The score with each of ``channels`` in turn set to zero at ``layer``."""

    def ablate(value: Tensor) -> Tensor:
        changed = value.clone()
        changed[torch.arange(len(channels)), channels] = 0
        return changed

    batch = channels_last(given.image.expand(len(channels), -1, -1, -1))
    with torch.no_grad(), untouched(given.network, needs_gradients=False):
        return given.scored.of(logits_of(run_with(given.network, batch, layer, ablate)))
