"""Load the backbones of detection and segmentation networks."""

from torch import nn

from resnet_viz.checkpoints.sources.published import pretrained_tensors
from resnet_viz.checkpoints.sources.zoo_weights import fill_exactly
from resnet_viz.networks.zoo.backbones import (
    WorkRow,
    backbone_without_weights,
    build_backbone,
    work_row,
)
from resnet_viz.records import WeightSource


def load_backbone(name: str, source: WeightSource, *, seed: int = 0) -> nn.Module:
    """Load a backbone.

    Parameters
    ----------
    name
        A key of ``AT_WORK``.
    source
        ``PRETRAINED`` loads the published weights, downloaded on first use; any other source
        initialises random weights.
    seed
        Seed of random weights.

    Returns
    -------
    nn.Module
        In evaluation mode with published weights. With random weights in training mode, where
        batch normalisation uses batch statistics and keeps the activations in range.

    Raises
    ------
    DownloadError
        If the weights cannot be downloaded.

    """
    row = work_row(name)
    if source is not WeightSource.PRETRAINED:
        return build_backbone(name, seed=seed)
    prefix = f"{row.part}." if row.part else ""
    weights = pretrained_tensors(name)
    part_weights = {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}
    return _with_epsilon(
        fill_exactly(backbone_without_weights(name), part_weights, row.title, name), row
    )


def _with_epsilon(backbone: nn.Module, row: WorkRow) -> nn.Module:
    """Set the epsilon of batch normalisation that the weights were trained with, if it differs."""
    if row.epsilon is not None:
        for module in backbone.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = row.epsilon
    return backbone
