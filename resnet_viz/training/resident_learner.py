"""A learner whose whole step stays on the device, so that it can be captured as a graph."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from resnet_viz.records import TrainingStep
from resnet_viz.training.captured_step import Engine
from resnet_viz.training.learner import Learner
from resnet_viz.training.recipe import Precision, Recipe
from resnet_viz.training.resident_data import EpochBatches


class TensorRateSGD(torch.optim.Optimizer):
    """SGD with momentum (Sutskever 2013), whose learning rate is a tensor on the device.

    g = dL/dw + decay w; v = momentum v + g; w = w - rate v, or w - rate (g + momentum v) with
    Nesterov's momentum. ``torch.optim.SGD`` does the same, but reads the rate on the host. Its
    fused form does not, but refuses gradients with other strides than the weights, and those of a
    convolution of one channel may have them.
    """

    def __init__(self, network: nn.Module, recipe: Recipe, rate: Tensor) -> None:
        super().__init__([p for p in network.parameters() if p.requires_grad], {})
        self.weights = cast(list[Tensor], self.param_groups[0]["params"])
        self.recipe, self.rate = recipe, rate
        for weight in self.weights:  # now: a graph must find them where they stay
            self.state[weight]["momentum_buffer"] = torch.zeros_like(weight)

    @property
    def buffers(self) -> list[Tensor]:
        """v, for each weight."""
        return [self.state[weight]["momentum_buffer"] for weight in self.weights]

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]  # noqa: ANN401, ARG002
        """Change the weights by the gradients of the last backward pass."""
        momentum, buffers = self.recipe.momentum, self.buffers
        gradients = [cast(Tensor, weight.grad) for weight in self.weights]
        gradients = list(
            torch._foreach_add(gradients, self.weights, alpha=self.recipe.weight_decay)
        )
        torch._foreach_mul_(buffers, momentum)
        torch._foreach_add_(buffers, gradients)
        if self.recipe.nesterov:
            torch._foreach_add_(gradients, buffers, alpha=momentum)
        else:
            gradients = buffers
        torch._foreach_sub_(self.weights, torch._foreach_mul(gradients, self.rate))


class ResidentLearner(Learner):
    """A network that finds its place in the epoch, its batch and its learning rate on the device.

    Parameters
    ----------
    kind
        Name of the network in the records, such as "residual".
    network
        Trained in place, on its device. Its forward pass must draw no random numbers.
    recipe
        Optimiser, loss and precision.
    batches
        Where its images come from, shared with other networks.
    engine
        Runs the steps.

    """

    def __init__(
        self,
        kind: str,
        network: nn.Module,
        recipe: Recipe,
        batches: EpochBatches,
        engine: Engine,
    ) -> None:
        super().__init__(kind, network, recipe)
        self.batches, self.engine = batches, engine
        device = self.device
        self.position = torch.zeros(1, dtype=torch.int64, device=device)  # steps of this epoch
        self.within = torch.arange(recipe.batch_size, device=device)
        self.rates = torch.zeros(batches.steps, device=device)  # of the steps of this epoch
        self.numbers_now = torch.zeros(3 * len(self.weights) + 1, device=device)
        self.runs: dict[tuple[int, bool], Callable[[], None]] = {}

    def new_optimiser(self) -> TensorRateSGD:
        """Return SGD that reads its rate from ``current_rate``."""
        self.current_rate = torch.zeros((), device=self.device)
        return TensorRateSGD(self.network, self.recipe, self.current_rate)

    def prepare(self, measured: bool = True) -> None:
        """Capture the steps that an epoch needs; what has been learned stays as it is."""
        self.training_mode()
        sizes = {self.batches.size(step) for step in range(self.batches.steps)}
        wanted = [(size, False) for size in sizes]
        if measured:
            wanted.append((self.batches.size(0), True))
        for size, is_measured in wanted:
            if (size, is_measured) not in self.runs:
                self.runs[size, is_measured] = self._repeatable(size, is_measured)

    def set_rates(self, rates: list[float]) -> None:
        """Set the learning rate of each step of the epoch."""
        self.rates.copy_(torch.tensor(rates))
        self.rate = rates[-1]

    def set_position(self, step: int) -> None:
        """Set the number of the next step of the epoch."""
        self.position.fill_(step)

    def take_step(self, step: int, measured: bool) -> None:
        """Take the step that comes next, which is the ``step``-th of the epoch."""
        self.runs[self.batches.size(step), measured]()

    def measurement(self, number: int, step: int) -> TrainingStep:
        """Return the last measured step: the ``number``-th of the run, ``step``-th of the epoch."""
        with self.engine.stream():
            return self.measured(number, self.rates[step].item(), self.numbers_now.tolist())

    def restore_optimiser(self, state: Mapping[int, Mapping[str, Tensor]]) -> None:
        """Restore the momentum in place, where the graphs read it."""
        for number, buffer in enumerate(cast(TensorRateSGD, self.optimiser).buffers):
            buffer.copy_(state[number]["momentum_buffer"])

    def changed(self) -> list[Tensor]:
        """Return everything that a step writes to."""
        kept = [self.position, self.current_rate, self.numbers_now, self.loss_sum, self.wrong]
        buffers = cast(TensorRateSGD, self.optimiser).buffers
        return [*self.network.state_dict().values(), *buffers, *kept]

    def _repeatable(self, size: int, measured: bool) -> Callable[[], None]:
        return self.engine.repeatable(lambda: self._step(size, measured), self.changed())

    def _step(self, size: int, measured: bool) -> None:
        """Take one step; the host decides nothing but the size of the batch."""
        positions = self.position * self.recipe.batch_size + self.within[:size]
        images, labels = self.batches.batch(positions)
        self.current_rate.copy_(self.rates.index_select(0, self.position)[0])
        loss, logits, numbers = self.update(images, labels, measured=measured)
        with torch.no_grad():
            self.loss_sum += loss * size
            self.wrong += (logits.argmax(1) != labels).sum()
            if numbers is not None:
                self.numbers_now.copy_(numbers)
            self.position += 1

    def update(
        self,
        images: Float[Tensor, "b c h w"],
        labels: Int64[Tensor, " b"],
        *,
        measured: bool = False,
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Change the weights once; return loss, logits and, if ``measured``, the step's numbers."""
        with torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.recipe.precision is Precision.BF16
        ):
            logits = self.network(images)
            loss = self.loss(logits, labels)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        before = self.before() if measured else None
        self.optimiser.step()
        numbers = None if before is None else self.numbers(loss, before)
        return loss.detach(), logits.detach(), numbers
