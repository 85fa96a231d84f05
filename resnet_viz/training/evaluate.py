"""Evaluation of a classifier on labelled images."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from resnet_viz.datasets.dataset import ImageSet
from resnet_viz.pictures.preprocess import Preprocessing, normalise
from resnet_viz.records import Evaluation

BATCH = 500  # images per batch


@torch.no_grad()
def evaluate(
    network: nn.Module, images: ImageSet, preprocessing: Preprocessing, *, batch: int = BATCH
) -> Evaluation:
    """Classify every image once in evaluation mode.

    The modes and the batch statistics of the network are unchanged afterwards.

    Parameters
    ----------
    network
        Runs on the device of its first parameter.
    images
        At least one image, with labels.
    preprocessing
        Applied to the uint8 images.
    batch
        Images that are classified at once; more are faster on a GPU.

    Returns
    -------
    Evaluation
        Mean loss, answers and error rates (0 to 1).

    """
    device = next(network.parameters()).device
    loss, top5_wrong = torch.zeros((), device=device), torch.zeros((), device=device)
    answers, classes = [], 0
    with evaluation_mode(network):
        for start in range(0, len(images), batch):
            labels = images.labels[start : start + batch].to(device)
            pixels = images.images[start : start + batch].to(device)
            logits = network(normalise(pixels, preprocessing))
            classes = logits.shape[1]
            top5 = logits.topk(min(5, classes)).indices
            loss += cross_entropy(logits, labels, reduction="sum")
            top5_wrong += (top5 != labels[:, None]).all(1).sum()
            answers.append(top5[:, 0])
    return Evaluation(
        loss=loss.item() / len(images),
        classes=classes,
        labels=images.labels.cpu().numpy(),
        answers=torch.cat(answers).cpu().numpy(),
        top5_error=top5_wrong.item() / len(images),
    )


@contextmanager
def evaluation_mode(network: nn.Module) -> Iterator[None]:
    """Context in evaluation mode; each module's mode is restored afterwards."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
