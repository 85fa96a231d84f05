"""Training of one network: optimiser steps, running sums and measurements."""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from resnet_viz.core.errors import TrainingError
from resnet_viz.datasets.dataset import Dataset
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.preprocess import normalise
from resnet_viz.records import Epoch, TrainingStep
from resnet_viz.training.evaluate import BATCH, evaluate, evaluation_mode
from resnet_viz.training.recipe import Optimiser, Precision, Recipe

_DEAD_IMAGES = 256  # test images; a channel that is zero on all of them is dead


class Learner:
    """A network with its optimiser and the sums of the current epoch.

    Parameters
    ----------
    kind
        Name of the network in the records, such as "residual".
    network
        Trained in place, on its device; converted to channels-last memory format.
    recipe
        Optimiser, loss and precision.

    """

    def __init__(self, kind: str, network: nn.Module, recipe: Recipe) -> None:
        self.kind = kind
        self.network = network.to(memory_format=torch.channels_last)
        self.recipe = recipe
        self.device = next(network.parameters()).device
        self.optimiser = self.new_optimiser()
        self.rate = 0.0  # learning rate of the last step
        self.weights = _layer_weights(network)
        self.start = {name: weight.detach().clone() for name, weight in self.weights.items()}
        self.loss_sum = torch.zeros((), device=self.device)
        self.wrong = torch.zeros((), device=self.device)
        self.last = (self.loss_sum, self.wrong)  # mean loss and wrong answers of the last batch

    def learn(
        self,
        images: Float[Tensor, "batch channel height width"],
        labels: Int64[Tensor, " batch"],
        rate: float,
        step: int | None,
    ) -> TrainingStep | None:
        """Take one optimiser step.

        Parameters
        ----------
        images
            A normalised batch.
        labels
            Class indices.
        rate
            Learning rate.
        step
            Number of the step, to measure it; None to skip the measurement.

        Returns
        -------
        TrainingStep or None
            The measurement, if ``step`` is not None.

        """
        self.rate = rate
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        with torch.autocast(
            self.device.type,
            torch.bfloat16,
            enabled=self.recipe.precision is Precision.BF16,
        ):
            logits = self.network(images)
            loss = self.loss(logits, labels)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        before = self.before() if step is not None else None
        self.optimiser.step()
        wrong = (logits.detach().argmax(1) != labels).sum()
        self.last = (loss.detach(), wrong)
        self.loss_sum += loss.detach() * len(labels)
        self.wrong += wrong
        if before is None or step is None:
            return None
        return self.measured(step, rate, self.numbers(loss, before).tolist())

    def new_optimiser(self) -> torch.optim.Optimizer:
        """Return the recipe's optimiser of the trainable parameters."""
        return _optimiser(self.network, self.recipe)

    def start_epoch(self) -> None:
        """Reset the sums and set training mode."""
        self.training_mode()
        self.loss_sum.zero_()
        self.wrong.zero_()

    def epoch(
        self, number: int, data: Dataset, images: int, speed: float, *, batch: int = BATCH
    ) -> Epoch:
        """Test the network and return the record of the epoch that ends, counted from 1.

        ``images`` were trained on, ``speed`` of them a second; ``batch`` are tested at once. Raises
        ``TrainingError`` if a loss is not finite.
        """
        loss = self.loss_sum.item() / images
        test = evaluate(self.network, data.test, data.preprocessing, batch=batch)
        if not (isfinite(loss) and isfinite(test.loss)):
            raise TrainingError("training_diverged", kind=self.kind, epoch=number)
        return Epoch(
            kind=self.kind,
            epoch=number,
            train_loss=loss,
            train_error=self.wrong.item() / images,
            test_loss=test.loss,
            test_error=test.error,
            images_per_second=speed,
            learning_rate=self.rate,
            recall=test.recall,
            dead_channels=self.dead_channels(data),
            weight_changes=self.weight_changes(),
        )

    def training_mode(self) -> None:
        """Set training mode, except for frozen modules, which keep their batch statistics."""
        self.network.train()
        for module in self.network.modules():
            parameters = list(module.parameters(recurse=False))
            if parameters and not any(p.requires_grad for p in parameters):
                module.eval()

    @torch.no_grad()
    def weight_changes(self) -> dict[str, float]:
        """Return ||W - W0||_2 / ||W0||_2 by layer, where W0 are the initial weights."""
        changes = torch._foreach_sub(list(self.weights.values()), list(self.start.values()))
        change_norms = torch._foreach_norm(changes)
        start_norms = torch._foreach_norm(list(self.start.values()))
        ratios = torch.stack(list(change_norms)) / torch.stack(list(start_norms)).clamp(min=1e-30)
        return dict(zip(self.weights, ratios.tolist(), strict=True))

    @torch.no_grad()
    def dead_channels(self, data: Dataset) -> dict[str, float]:
        """Return the fraction of output channels by block that are zero on all test images used."""
        if not isinstance(self.network, ResNet):
            return {}
        blocks, dead = set(self.network.spec.blocks()), {}

        def record(name: str, value: Tensor) -> Tensor:
            if name in blocks:
                dead[name] = (value.amax((0, 2, 3)) <= 0).float().mean()
            return value

        pixels = data.test.images[:_DEAD_IMAGES].to(self.device)
        with evaluation_mode(self.network):
            self.network(normalise(pixels, data.preprocessing), record)
        return dict(zip(dead, torch.stack(list(dead.values())).tolist(), strict=True))

    def tensors(self) -> dict[str, Tensor]:
        """Return everything that changes during training, by name."""
        tensors = {f"network/{n}": v for n, v in self.network.state_dict().items()}
        tensors |= {f"start/{n}": v for n, v in self.start.items()}
        tensors["sums"] = torch.stack([self.loss_sum, self.wrong])
        tensors["rate"] = torch.tensor(self.rate, dtype=torch.float64)
        for number, state in self.optimiser.state_dict()["state"].items():
            for name, value in state.items():
                if value is not None:
                    tensors[f"optimiser/{number}/{name}"] = torch.as_tensor(value)
        return tensors

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Restore the result of ``tensors`` and set training mode."""
        prefix = "network/"
        network = {n.removeprefix(prefix): v for n, v in tensors.items() if n.startswith(prefix)}
        self.network.load_state_dict(network)
        self.training_mode()
        self.start = {n: _laid_out_as(w, tensors[f"start/{n}"]) for n, w in self.weights.items()}
        loss_sum, wrong = tensors["sums"].to(self.device)
        self.loss_sum.copy_(loss_sum)
        self.wrong.copy_(wrong)
        self.rate = tensors["rate"].item()
        state: dict[int, dict[str, Tensor]] = {}
        parameters = [p for group in self.optimiser.param_groups for p in group["params"]]
        for name, value in tensors.items():
            if name.startswith("optimiser/"):
                _, number, part = name.split("/")
                like = parameters[int(number)]
                state.setdefault(int(number), {})[part] = _laid_out_as(like, value)
        self.restore_optimiser(state)

    def restore_optimiser(self, state: Mapping[int, Mapping[str, Tensor]]) -> None:
        """Restore the optimiser's tensors, by the number of the parameter and their name."""
        current = self.optimiser.state_dict()
        self.optimiser.load_state_dict({**current, "state": state})

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of a batch, with what the recipe adds to the cross-entropy."""
        smoothing = self.recipe.label_smoothing
        loss = cross_entropy(logits, labels, label_smoothing=smoothing)
        if self.recipe.l1:
            l1_norms = torch._foreach_norm(list(self.weights.values()), 1)
            loss = loss + self.recipe.l1 * torch.stack(l1_norms).sum()
        return loss

    @torch.no_grad()
    def before(self) -> tuple[list[Tensor], list[Tensor]]:
        """Return the gradient norms and copies of the weights, before the step."""
        weights = list(self.weights.values())
        gradients = [torch.zeros_like(w) if w.grad is None else w.grad for w in weights]
        return list(torch._foreach_norm(gradients)), [weight.clone() for weight in weights]

    @torch.no_grad()
    def numbers(
        self, loss: Tensor, before: tuple[list[Tensor], list[Tensor]]
    ) -> Float[Tensor, " n"]:
        """Return the norms of gradients, updates and old weights, and the loss, on the device."""
        gradient_norms, old = before
        update_norms = torch._foreach_norm(torch._foreach_sub(list(self.weights.values()), old))
        weight_norms = torch._foreach_norm(old)
        parts = (gradient_norms, update_norms, weight_norms)
        return torch.cat([*(torch.stack(list(part)) for part in parts), loss.detach()[None]])

    def measured(self, step: int, rate: float, numbers: list[float]) -> TrainingStep:
        """Return the record of a step whose ``numbers`` are on the host."""
        count = len(self.weights)
        ratios = [
            numbers[count + i] / numbers[2 * count + i] if numbers[2 * count + i] else 0.0
            for i in range(count)
        ]
        return TrainingStep(
            kind=self.kind,
            step=step,
            loss=numbers[-1],
            learning_rate=rate,
            gradient_norms=dict(zip(self.weights, numbers[:count], strict=True)),
            update_ratios=dict(zip(self.weights, ratios, strict=True)),
        )


def _optimiser(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    parameters = [p for p in network.parameters() if p.requires_grad]
    match recipe.optimiser:
        case Optimiser.SGD:
            return torch.optim.SGD(
                parameters,
                lr=recipe.learning_rate,
                momentum=recipe.momentum,
                weight_decay=recipe.weight_decay,
                nesterov=recipe.nesterov,
            )
        case Optimiser.ADAMW:
            return torch.optim.AdamW(
                parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay
            )


def _layer_weights(network: nn.Module) -> Mapping[str, nn.Parameter]:
    """Return the trainable weights of convolutions and linear layers, by layer name."""
    return dict(_weights(network))


def _weights(network: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    for name, module in network.named_modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)) and module.weight.requires_grad:
            yield name, cast(nn.Parameter, module.weight)


@torch.no_grad()
def _laid_out_as(like: Tensor, value: Tensor) -> Tensor:
    """Copy ``value`` with the strides of ``like``; other strides change how results are rounded."""
    if value.shape != like.shape:
        return value.clone()
    return torch.empty_like(like).copy_(value)
