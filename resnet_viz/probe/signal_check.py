"""Whether a signal passes through an untrained network, and a gradient back, on one batch."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.core.errors import SpecError
from resnet_viz.networks.resnet.model import ResNet, build
from resnet_viz.networks.resnet.modules import DropBranch
from resnet_viz.networks.tables.totals import totals
from resnet_viz.pictures.preprocess import preprocessing_for
from resnet_viz.pictures.samples import sample_batch
from resnet_viz.records import SignalCheck
from resnet_viz.spec import NetworkSpec

IMAGES = 4
_MOST_MEMORY = 2_000_000_000  # bytes


def signal_check(spec: NetworkSpec, *, seed: int) -> SignalCheck:
    """The variance of every block's output and the norm of the gradient that reaches it.

    The batch is four bundled photographs. The network is in training mode, so batch normalisation
    uses this batch, and drops no branch. The loss is the summed cross-entropy with the labels 0, 1,
    2, 3. Raises ``SpecError`` for a network that needs more than 2 GB.
    """
    needed = totals(spec).training_memory(IMAGES)
    if needed > _MOST_MEMORY:
        raise SpecError("spec_memory", needed=f"{needed / 1e9:.1f}", most=round(_MOST_MEMORY / 1e9))
    network = build(spec, seed=seed).train()
    for module in network.modules():
        if isinstance(module, DropBranch):
            module.eval()
    blocks, outputs = spec.blocks(), _outputs(network, _batch(spec))
    labels = torch.arange(IMAGES) % spec.classes
    loss = nn.functional.cross_entropy(outputs.pop("fc"), labels, reduction="sum")
    slopes = torch.autograd.grad(loss, list(outputs.values()), allow_unused=True)
    gradients = dict(zip(outputs, slopes, strict=True))
    return SignalCheck(
        blocks=tuple(blocks),
        variances=np.array([float(outputs[name].detach().var()) for name in blocks]),
        gradient_norms=np.array([_norm(gradients[name]) for name in blocks]),
        images=IMAGES,
        seed=seed,
    )


def _outputs(
    network: ResNet, images: Float[Tensor, "batch channel height width"]
) -> dict[str, Tensor]:
    wanted = {*network.spec.blocks(), "fc"}
    values: dict[str, Tensor] = {}

    def keep(name: str, value: Tensor) -> Tensor:
        if name in wanted:
            values[name] = value
        return value

    network(images, keep)
    return values


def _batch(spec: NetworkSpec) -> Float[Tensor, "batch channel height width"]:
    """Photographs, in grey for a network that does not take three channels."""
    images = sample_batch(preprocessing_for(spec))[:IMAGES]
    if spec.input_channels == images.shape[1]:
        return images
    return images.mean(1, keepdim=True).repeat(1, spec.input_channels, 1, 1)


def _norm(gradient: Tensor | None) -> float:
    """The 2-norm, averaged over images; 0 if no gradient arrives."""
    return 0.0 if gradient is None else float(gradient.flatten(1).norm(dim=1).mean())
