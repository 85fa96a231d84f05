"""One network on its way through a recipe: its optimiser, its running sums, its measurements."""

from collections.abc import Iterator, Mapping
from typing import cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from resnet_viz.datasets.dataset import Dataset
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.preprocess import normalise
from resnet_viz.records import TrainingStep
from resnet_viz.training.evaluate import evaluation_mode
from resnet_viz.training.recipe import Optimiser, Precision, Recipe

_DEAD_IMAGES = 256  # test images on which a channel must be zero everywhere to be dead


class Learner:
    """A network, what moves its weights, and the sums of the epoch under way."""

    def __init__(self, kind: str, network: nn.Module, recipe: Recipe) -> None:
        self.kind = kind
        self.network = network.to(memory_format=torch.channels_last)
        self.recipe = recipe
        self.device = next(network.parameters()).device
        self.optimiser = _optimiser(network, recipe)
        self.rate = 0.0  # of the last step
        self.weights = _layer_weights(network)
        self.start = {name: weight.detach().clone() for name, weight in self.weights.items()}
        self.loss_sum = torch.zeros((), device=self.device)
        self.wrong = torch.zeros((), device=self.device)

    def learn(
        self,
        images: Float[Tensor, "batch channel height width"],
        labels: Int64[Tensor, " batch"],
        rate: float,
        step: int | None,
    ) -> TrainingStep | None:
        """One step; measured, and returned, if ``step`` says its number."""
        self.rate = rate
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        with torch.autocast(
            self.device.type,
            torch.bfloat16,
            enabled=self.recipe.precision is Precision.BF16,
        ):
            logits = self.network(images)
            loss = self._loss(logits, labels)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        before = self._before() if step is not None else None
        self.optimiser.step()
        self.loss_sum += loss.detach() * len(labels)
        self.wrong += (logits.detach().argmax(1) != labels).sum()
        return None if before is None or step is None else self._step(step, loss, rate, before)

    def start_epoch(self) -> None:
        """Sums at zero; training mode, but a frozen batch normalisation keeps its statistics."""
        self.training_mode()
        self.loss_sum.zero_()
        self.wrong.zero_()

    def training_mode(self) -> None:
        """Training mode for what learns."""
        self.network.train()
        for module in self.network.modules():
            own = list(module.parameters(recurse=False))
            if own and not any(parameter.requires_grad for parameter in own):
                module.eval()

    @torch.no_grad()
    def weight_changes(self) -> dict[str, float]:
        """By layer: ||W - W0||_2 / ||W0||_2 since the start; 0 for weights that started at 0."""
        moved = torch._foreach_norm(torch._foreach_sub(list(self.weights.values()),
                                                       list(self.start.values())))  # fmt: skip
        sizes = torch._foreach_norm(list(self.start.values()))
        ratios = torch.stack(list(moved)) / torch.stack(list(sizes)).clamp(min=1e-30)
        return dict(zip(self.weights, ratios.tolist(), strict=True))

    @torch.no_grad()
    def dead_channels(self, data: Dataset) -> dict[str, float]:
        """By block: the share of output channels that are zero everywhere on test images."""
        if not isinstance(self.network, ResNet):
            return {}
        blocks, dead = set(self.network.spec.blocks()), {}

        def look(name: str, value: Tensor) -> Tensor:
            if name in blocks:
                dead[name] = (value.amax((0, 2, 3)) <= 0).float().mean()
            return value

        pixels = data.test.images[:_DEAD_IMAGES].to(self.device)
        with evaluation_mode(self.network):
            self.network(normalise(pixels, data.preprocessing), look)
        return dict(zip(dead, torch.stack(list(dead.values())).tolist(), strict=True))

    def tensors(self) -> dict[str, Tensor]:
        """Everything that changes as it learns, by name."""
        found = {f"network/{n}": v for n, v in self.network.state_dict().items()}
        found |= {f"start/{n}": v for n, v in self.start.items()}
        found["sums"] = torch.stack([self.loss_sum, self.wrong])
        found["rate"] = torch.tensor(self.rate, dtype=torch.float64)
        for number, state in self.optimiser.state_dict()["state"].items():
            for name, value in state.items():
                if value is not None:
                    found[f"optimiser/{number}/{name}"] = torch.as_tensor(value)
        return found

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """The inverse of ``tensors``; the network is in training mode afterwards."""
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
        learned = [p for group in self.optimiser.param_groups for p in group["params"]]
        for name, value in tensors.items():
            if name.startswith("optimiser/"):
                _, number, part = name.split("/")
                like = learned[int(number)]
                state.setdefault(int(number), {})[part] = _laid_out_as(like, value)
        whole = self.optimiser.state_dict()
        self.optimiser.load_state_dict({**whole, "state": state})

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        smoothing = self.recipe.label_smoothing
        loss = cross_entropy(logits, labels, label_smoothing=smoothing)
        if self.recipe.l1:
            sizes = torch._foreach_norm(list(self.weights.values()), 1)
            loss = loss + self.recipe.l1 * torch.stack(sizes).sum()
        return loss

    @torch.no_grad()
    def _before(self) -> tuple[list[Tensor], list[Tensor]]:
        """Norms of gradients, and copies of the weights, before the step."""
        weights = list(self.weights.values())
        gradients = [torch.zeros_like(w) if w.grad is None else w.grad for w in weights]
        return list(torch._foreach_norm(gradients)), [weight.clone() for weight in weights]

    @torch.no_grad()
    def _step(
        self, step: int, loss: Tensor, rate: float, before: tuple[list[Tensor], list[Tensor]]
    ) -> TrainingStep:
        gradient_norms, old = before
        moved = torch._foreach_norm(torch._foreach_sub(list(self.weights.values()), old))
        sizes = torch._foreach_norm(old)
        stacked = [torch.stack(list(part)) for part in (gradient_norms, moved, sizes)]
        numbers = torch.cat([*stacked, loss.detach()[None]]).tolist()  # one copy to the host
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
    learned = [p for p in network.parameters() if p.requires_grad]
    match recipe.optimiser:
        case Optimiser.SGD:
            return torch.optim.SGD(
                learned,
                lr=recipe.learning_rate,
                momentum=recipe.momentum,
                weight_decay=recipe.weight_decay,
                nesterov=recipe.nesterov,
            )
        case Optimiser.ADAMW:
            return torch.optim.AdamW(
                learned, lr=recipe.learning_rate, weight_decay=recipe.weight_decay
            )


def _layer_weights(network: nn.Module) -> Mapping[str, nn.Parameter]:
    """The learned weight of every convolution and linear layer, by the layer's name."""
    return dict(_weights(network))


def _weights(network: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    for name, module in network.named_modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)) and module.weight.requires_grad:
            yield name, cast(nn.Parameter, module.weight)


@torch.no_grad()
def _laid_out_as(like: Tensor, value: Tensor) -> Tensor:
    """A copy with the strides of ``like``: arithmetic rounds differently along other strides."""
    if value.shape != like.shape:
        return value.clone()
    return torch.empty_like(like).copy_(value)
