"""Backbones of networks at work, with published weights or fresh ones."""

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
    """A backbone, ready to be looked at.

    With its published weights, downloaded if need be, in evaluation mode; or with fresh ones, in
    training mode, where batch normalisation uses what it sees and keeps the values in bounds.
    Raises ``DownloadError``.
    """
    row = work_row(name)
    if source is not WeightSource.PRETRAINED:
        return build_backbone(name, seed=seed)
    prefix = f"{row.part}." if row.part else ""
    weights = pretrained_tensors(name)
    own = {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}
    return _exact(fill_exactly(backbone_without_weights(name), own, row.title, name), row)


def _exact(backbone: nn.Module, row: WorkRow) -> nn.Module:
    """Weights that were trained with frozen statistics want no epsilon beside the variance."""
    if row.epsilon is not None:
        for module in backbone.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = row.epsilon
    return backbone
