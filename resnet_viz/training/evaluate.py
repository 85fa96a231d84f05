"""A classifier on labelled images."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from resnet_viz.datasets.dataset import ImageSet
from resnet_viz.pictures.preprocess import Preprocessing, normalise
from resnet_viz.records import Evaluation

_BATCH = 500  # images


@torch.no_grad()
def evaluate(network: nn.Module, images: ImageSet, preprocessing: Preprocessing) -> Evaluation:
    """Every image once, with running statistics; mode and statistics are as before afterwards."""
    device = next(network.parameters()).device
    loss, outside = torch.zeros((), device=device), torch.zeros((), device=device)
    answers, classes = [], 0
    with evaluation_mode(network):
        for start in range(0, len(images), _BATCH):
            labels = images.labels[start : start + _BATCH].to(device)
            pixels = images.images[start : start + _BATCH].to(device)
            logits = network(normalise(pixels, preprocessing))
            classes = logits.shape[1]
            likeliest = logits.topk(min(5, classes)).indices
            loss += cross_entropy(logits, labels, reduction="sum")
            outside += (likeliest != labels[:, None]).all(1).sum()
            answers.append(likeliest[:, 0])
    return Evaluation(
        loss=loss.item() / len(images),
        classes=classes,
        labels=images.labels.cpu().numpy(),
        answers=torch.cat(answers).cpu().numpy(),
        top5_error=outside.item() / len(images),
    )


@contextmanager
def evaluation_mode(network: nn.Module) -> Iterator[None]:
    """Running statistics for a while; every module's own mode is put back."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
