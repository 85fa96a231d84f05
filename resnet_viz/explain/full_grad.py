"""FullGrad: the score shared out between the input and every bias of the network."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.explain.method_options import Options
from resnet_viz.explain.raw_map import MapInSteps, PassesDone, RawMap
from resnet_viz.explain.scored_image import ScoredImage
from resnet_viz.pictures.resample import enlarge
from resnet_viz.probe.isolation import untouched


def full_grad(scored: ScoredImage, _options: Options) -> MapInSteps:
    """psi(x * dy/dx) + sum of psi(b * dy/dz) over all biases b, z being what b is added to.

    psi takes the absolute value, scales each channel to 0 to 1, enlarges it and sums over channels.
    The bias of a batch normalisation is beta - gamma mean / deviation (Srinivas 2019, arXiv
    1905.00780, eq. 6), which holds in evaluation mode.
    """
    image = scored.image.clone().requires_grad_()
    with torch.enable_grad(), untouched(scored.network, needs_gradients=False):
        gradient = torch.autograd.grad(scored.scored_network(image).sum(), image)[0]
    yield PassesDone(1, 2)
    shares = _spread((gradient * scored.image)[0].cpu().numpy(), *scored.size)
    biases = _biases(scored.network)
    if biases:
        gradients = scored.analyzed(list(biases)).activation_gradients
        for name, bias_gradient in gradients.items():
            bias = biases[name.partition("#")[0]][:, None, None]
            shares = shares + _spread(bias * bias_gradient[0], *scored.size)
    yield PassesDone(2, 2)
    return RawMap(shares, vanishes=not shares.any())


def _biases(network: nn.Module) -> dict[str, Float[np.ndarray, " c"]]:
    """What each convolution and batch normalisation adds to its channels, by module name."""
    biases = {}
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
        biases[name] = bias.detach().float().cpu().numpy()
    return biases


def _spread(
    values: Float[np.ndarray, "c h w"], height: int, width: int
) -> Float[np.ndarray, "height width"]:
    """The psi of ``full_grad``."""
    size = np.abs(values)
    size = size - size.min((1, 2), keepdims=True)
    size = size / (size.max((1, 2), keepdims=True) + 1e-7)
    return np.asarray(enlarge(size, height, width).sum(0))
