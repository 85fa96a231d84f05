"""Score-CAM and Ablation-CAM: each channel weighs what it does to the score, one pass per channel.

Both end with sum_k w_k A^k, A^k being channel k of the layer's activations.
"""

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from resnet_viz.explain.method_options import Options
from resnet_viz.explain.raw_map import MapInSteps, PassesDone, RawMap
from resnet_viz.explain.scored_image import ScoredImage, channels_last, scores
from resnet_viz.explain.stopping import raise_if_stopped
from resnet_viz.pictures.resample import enlarge
from resnet_viz.probe.capture import run_with
from resnet_viz.probe.isolation import untouched


def score_cam(scored: ScoredImage, layer: str, _options: Options) -> MapInSteps:
    """The softmax over k of the score of the image seen through A^k alone.

    A^k is scaled to 0 to 1 and enlarged before it masks the image (Wang 2020, arXiv 1910.01279,
    eq. 3 to 5). The score of the whole image, which the paper subtracts, cancels in the softmax.
    """
    feature = scored.feature(layer)
    positions = tuple(range(1, feature.ndim))
    low, high = feature.min(positions, keepdims=True), feature.max(positions, keepdims=True)
    masks = torch.from_numpy(enlarge((feature - low) / (high - low + 1e-8), *scored.size))
    masked_scores = []
    done = 0
    for batch in torch.split(masks[:, None], scored.batch_size):
        masked_scores.append(scores(scored, scored.image * batch.to(scored.image)))
        done += len(batch)
        yield PassesDone(done, len(masks))
    return _weighted(feature, torch.cat(masked_scores).softmax(0))


def ablation_cam(scored: ScoredImage, layer: str, _options: Options) -> MapInSteps:
    """w_k = (y - y_k) / |y|, y_k the score with channel k set to zero (Desai 2020, WACV, eq. 4).

    The paper divides by y, which turns the map over where the score is negative.
    """
    feature = scored.feature(layer)
    channels = torch.arange(len(feature), device=scored.image.device)
    ablated_scores = []
    done = 0
    for batch in torch.split(channels, scored.batch_size):
        raise_if_stopped()
        ablated_scores.append(_ablated_scores(scored, layer, batch))
        done += len(batch)
        yield PassesDone(done, len(channels))
    score = scored.score
    return _weighted(feature, (score - torch.cat(ablated_scores)) / (abs(score) or 1.0))


def _ablated_scores(scored: ScoredImage, layer: str, channels: Tensor) -> Float[Tensor, " k"]:
    """The score with each of ``channels`` in turn set to zero at ``layer``."""

    def ablate(value: Tensor) -> Tensor:
        places = _places(scored, layer, value).to(value.device)[channels]
        off = torch.zeros(value.shape[0], value[0].numel(), dtype=torch.bool, device=value.device)
        return value.masked_fill(off.scatter_(1, places, 1).view(value.shape), 0)

    images = channels_last(scored.image.expand(len(channels), *scored.image.shape[1:]))
    with torch.no_grad(), untouched(scored.network, needs_gradients=False):
        output = run_with(scored.network, scored.scored_network.inputs(images), layer, ablate)
    return scored.scored_network.score_of(output).float()


def _places(scored: ScoredImage, layer: str, value: Tensor) -> Int64[Tensor, "c positions"]:
    """Where the numbers of each channel are in one image's value, counted from its first number."""
    numbers = torch.arange(value[0].numel(), dtype=torch.float64).reshape(value[:1].shape)
    return scored.views[layer](numbers)[0].flatten(1).round().long()


def _weighted(feature: Float[np.ndarray, "c ..."], weights: Float[Tensor, " c"]) -> RawMap:
    values = np.tensordot(weights.cpu().numpy(), feature, 1)
    return RawMap(np.asarray(values), vanishes=not feature.any())
