"""Gradients of every layer of both twins: depth, normalisation, initialisation, seeds and steps.

The 2 x 2 (x initialisation) table of what explodes and what vanishes: He et al. 2015
(arXiv 1512.03385), sec. 4.1, holds that batch normalisation keeps the norms of plain networks
healthy; Yang et al. 2019 (arXiv 1902.08129) that they grow by the factor 1.211 a layer.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import cross_entropy

from resnet_viz.core.converter import JsonObject
from resnet_viz.experiments.measures.batches import photographs
from resnet_viz.experiments.measures.memory import check_memory
from resnet_viz.experiments.settings import check_depths, in_range
from resnet_viz.networks.resnet.model import ResNet, build
from resnet_viz.probe.capture import capture, default_layers
from resnet_viz.probe.gradient_norms import norms_per_image
from resnet_viz.probe.isolation import untouched
from resnet_viz.records import GradientMeasurement, LayerGradient
from resnet_viz.spec import Activation, Initialisation, Kind, NetworkSpec, Norm, Order

MOST_DEPTH = 1202

#: The initialisations by the short names of the command line and the page.
INITIALISATIONS: Mapping[str, Initialisation] = {
    "he": Initialisation.HE_FAN_OUT,
    "default": Initialisation.DEFAULT,
    "xavier": Initialisation.XAVIER,
}


@dataclass(frozen=True, kw_only=True)
class GradientConfig:
    """Which networks are measured; ``OptionError`` for a depth that is not 6n + 2."""

    depths: tuple[int, ...] = (20, 56)
    kinds: tuple[Kind, ...] = (Kind.RESIDUAL, Kind.PLAIN)
    norm: Norm = Norm.BATCH
    initialisation: Initialisation = Initialisation.HE_FAN_OUT
    activation: Activation = Activation.RELU
    shortcut_scale: float = 1.0
    order: Order = Order.POST
    seeds: int = 1
    steps: int = 0  # of SGD on the batch; measured before the first and along the way
    learning_rate: float = 0.1

    def __post_init__(self) -> None:
        check_depths(self.depths, MOST_DEPTH)
        in_range("seeds", self.seeds, 1, 100)
        in_range("steps", self.steps, 0, 1000)

    def spec(self, depth: int, kind: Kind) -> NetworkSpec:
        """The network of one depth and kind."""
        blocks = (depth - 2) // 6
        spec = NetworkSpec(
            depths=(blocks, blocks, blocks),
            widths=(16, 32, 64),
            norm=self.norm,
            initialisation=self.initialisation,
            activation=self.activation,
            shortcut_scale=self.shortcut_scale,
            order=self.order,
        )
        return spec if kind is Kind.RESIDUAL else spec.plain()

    @property
    def networks(self) -> int:
        """How many networks are built and measured."""
        return len(self.depths) * len(self.kinds) * self.seeds


def gradient_measurements(config: GradientConfig) -> Iterator[GradientMeasurement]:
    """Every network of ``config`` on the bundled photographs: shallow before deep, seed by seed.

    Fresh networks in training mode: batch normalisation uses the batch. Each network gives one
    record, or with ``steps`` one at every step of ``watched_steps``. ``NetworkError`` before
    anything is computed where the deepest one would not fit into memory.
    """
    images, labels = photographs()
    for depth in config.depths:
        check_memory(config.spec(depth, Kind.RESIDUAL), len(images))
    for depth in sorted(config.depths):
        for seed in range(config.seeds):
            for kind in config.kinds:
                network = build(config.spec(depth, kind), seed=seed)
                yield measured_gradients(network, images, labels, seed=seed)
                yield from _over_steps(network, images, labels, config, seed)


def watched_steps(steps: int) -> tuple[int, ...]:
    """The steps at which a short training is measured: dense at first, then every tenth."""
    return tuple(s for s in range(1, steps + 1) if s <= 5 or s % 10 == 0 or s == steps)


def measured_gradients(
    network: ResNet,
    images: Float[Tensor, "batch channel height width"],
    labels: Int64[Tensor, " batch"],
    *,
    seed: int,
    step: int = 0,
) -> GradientMeasurement:
    """One forward and one backward pass of the loss, in the mode the network is in; no trace.

    Norms are summed in double precision, so that a gradient of 1e-30 does not become a zero.
    """
    names = [*default_layers(network), *(f"{b}.branch" for b in network.spec.blocks())]
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        untouched(network, needs_gradients=True) as batch_norm,
    ):
        captured = capture(network, images.detach().clone().requires_grad_(), names)
        logits = captured.output
        assert isinstance(logits, Tensor)
        loss = cross_entropy(logits, labels, reduction="sum")
        weights = {n: p for n, p in network.named_parameters() if n.endswith(".weight")}
        wanted = [*captured.values.values(), *weights.values()]
        found = torch.autograd.grad(loss, wanted, materialize_grads=True)
    count = len(captured.values)
    of_weights = dict(zip(weights, found[count:], strict=True))
    layers = [
        _layer(name, value.detach(), gradient, weights, of_weights)
        for (name, value), gradient in zip(captured.values.items(), found[:count], strict=True)
    ]
    return GradientMeasurement(
        spec=network.spec,
        seed=seed,
        step=step,
        batch=len(images),
        batch_norm=batch_norm,
        loss=float(loss.detach()) / len(images),
        layers=tuple(layers),
    )


def _layer(
    name: str,
    value: Tensor,
    gradient: Tensor,
    weights: Mapping[str, Tensor],
    of_weights: Mapping[str, Tensor],
) -> LayerGradient:
    own = f"{name}.weight"
    norm = relative = None
    if own in weights:
        norm = _norm(of_weights[own]) / len(value)
        size = _norm(weights[own].detach())
        relative = norm / size if size else math.nan
    value = value.double()
    return LayerGradient(
        name=name,
        weight_gradient_norm=norm,
        relative_weight_gradient_norm=relative,
        activation_gradient_norm=float(norms_per_image(gradient.double()).mean()),
        mean_square=float(value.square().mean()),
        variance=float(value.var(correction=0)),
    )


def _norm(value: Tensor) -> float:
    return float(torch.linalg.vector_norm(value, dtype=torch.float64))


def _over_steps(
    network: ResNet, images: Tensor, labels: Tensor, config: GradientConfig, seed: int
) -> Iterator[GradientMeasurement]:
    watched = watched_steps(config.steps)
    optimiser = torch.optim.SGD(network.parameters(), lr=config.learning_rate, momentum=0.9)
    for step in range(1, config.steps + 1):
        with torch.inference_mode(False), torch.enable_grad():
            loss = cross_entropy(network(images), labels)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        if step in watched:
            yield measured_gradients(network, images, labels, seed=seed, step=step)


def gradients_document(measured: GradientMeasurement) -> JsonObject:
    """One measurement as the command prints it; branches, which no program asked for, left out."""
    short = {value: name for name, value in INITIALISATIONS.items()}
    spec = measured.spec
    return {
        "depth": spec.depth,
        "kind": spec.kind.value,
        "norm": spec.norm.value,
        "init": short.get(spec.initialisation, spec.initialisation.value),
        "seed": measured.seed,
        "layers": [
            {
                "name": layer.name,
                "weight_gradient_norm": layer.weight_gradient_norm,
                "activation_gradient_norm": layer.activation_gradient_norm,
            }
            for layer in measured.layers
            if not layer.name.endswith(".branch")
        ],
        "first_over_last": measured.first_over_last,
    }
