"""The training loop: a generator of one frozen record an epoch."""

import time
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from resnet_viz.images import normalise
from resnet_viz.records import Epoch
from resnet_viz.training.augment import crop_and_flip, pad
from resnet_viz.training.data import Dataset, ImageSet
from resnet_viz.training.recipe import Recipe

_EVALUATION_BATCH = 500  # images


def train(network: nn.Module, data: Dataset, recipe: Recipe) -> Iterator[Epoch]:
    """Train ``network`` in place; yields after every epoch, so the caller may stop or save.

    Recipe and epoch alone decide the order of the images, the crops and the flips: two networks
    trained with one recipe see equal batches in equal order. Training loss and error are those of
    the augmented batches as they were learned from; test figures are taken after the epoch with
    running statistics.
    """
    device = next(network.parameters()).device
    network.to(memory_format=torch.channels_last)
    padded = pad(data.train.images, data.preprocessing.mean).to(device)
    labels = data.train.labels.to(device)
    optimiser = torch.optim.SGD(
        network.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=recipe.nesterov,
    )
    steps = -(-len(labels) // recipe.batch_size)
    for epoch in range(recipe.epochs):
        started = time.perf_counter()
        generator = torch.Generator().manual_seed(recipe.seed * 100_003 + epoch)
        order = torch.randperm(len(labels), generator=generator).to(device)
        network.train()
        loss_sum = torch.zeros((), device=device)
        wrong = torch.zeros((), device=device)
        for step, chosen in enumerate(torch.split(order, recipe.batch_size)):
            rate = recipe.learning_rate_at((epoch + step / steps) / recipe.epochs)
            for group in optimiser.param_groups:
                group["lr"] = rate
            images = normalise(crop_and_flip(padded, chosen, generator), data.preprocessing)
            logits = network(images)
            loss = cross_entropy(logits, labels[chosen])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            loss_sum += loss.detach() * len(chosen)
            wrong += _wrong(logits, labels[chosen])
        seconds = time.perf_counter() - started
        test_loss, test_error = evaluate(network, data.test, data)
        yield Epoch(
            epoch=epoch + 1,
            train_loss=loss_sum.item() / len(labels),
            train_error=wrong.item() / len(labels),
            test_loss=test_loss,
            test_error=test_error,
            images_per_second=len(labels) / seconds,
        )


def evaluate(network: nn.Module, images: ImageSet, data: Dataset) -> tuple[float, float]:
    """Mean cross-entropy and share of wrong answers, with running statistics."""
    device = next(network.parameters()).device
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    loss, wrong = 0.0, 0.0
    with torch.no_grad():
        for start in range(0, len(images), _EVALUATION_BATCH):
            batch = slice(start, start + _EVALUATION_BATCH)
            labels = images.labels[batch].to(device)
            pixels = images.images[batch].to(device)
            logits = network(normalise(pixels, data.preprocessing))
            loss += cross_entropy(logits, labels, reduction="sum").item()
            wrong += _wrong(logits, labels).item()
    for module, training in modes:
        module.training = training
    return loss / len(images), wrong / len(images)


def _wrong(logits: Tensor, labels: Tensor) -> Tensor:
    return (logits.detach().argmax(1) != labels).sum()
