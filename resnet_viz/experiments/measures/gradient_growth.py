"""Gradients of every layer of twins, by depth, normalisation, initialisation, seed and step.

He et al. 2015 (arXiv 1512.03385), sec. 4.1, state that batch normalisation keeps the gradient norms
of plain networks healthy; Yang et al. 2019 (arXiv 1902.08129) show that they grow by a factor of
1.211 per layer.
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

#: Largest depth that is measured.
MOST_DEPTH = 1202

#: Initialisations by their short names on the command line and on the page.
INITIALISATIONS: Mapping[str, Initialisation] = {
    "he": Initialisation.HE_FAN_OUT,
    "default": Initialisation.DEFAULT,
    "xavier": Initialisation.XAVIER,
}


@dataclass(frozen=True, kw_only=True)
class GradientConfig:
    """The networks to measure.

    Raises
    ------
    OptionError
        For a depth that is not 6n + 2, or a number of seeds or steps out of range.

    """

    depths: tuple[int, ...] = (20, 56)
    kinds: tuple[Kind, ...] = (Kind.RESIDUAL, Kind.PLAIN)
    norm: Norm = Norm.BATCH
    initialisation: Initialisation = Initialisation.HE_FAN_OUT
    activation: Activation = Activation.RELU
    shortcut_scale: float = 1.0
    order: Order = Order.POST
    seeds: int = 1  # number of seeds
    steps: int = 0  # SGD steps on the batch, measured at ``watched_steps``
    learning_rate: float = 0.1

    def __post_init__(self) -> None:
        check_depths(self.depths, MOST_DEPTH)
        in_range("seeds", self.seeds, 1, 100)
        in_range("steps", self.steps, 0, 1000)

    def spec(self, depth: int, kind: Kind) -> NetworkSpec:
        """Return the network of one depth and kind."""
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
        """Number of networks to measure."""
        return len(self.depths) * len(self.kinds) * self.seeds


def gradient_measurements(config: GradientConfig) -> Iterator[GradientMeasurement]:
    """Measure untrained networks on the bundled photographs, shallow before deep.

    The networks are in training mode, so batch normalisation uses the batch.

    Parameters
    ----------
    config
        The networks to measure.

    Yields
    ------
    GradientMeasurement
        One per network, and one at each of the ``watched_steps``.

    Raises
    ------
    NetworkError
        If a network would not fit into memory; checked before anything is computed.

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
    """Return the steps to measure: the first five, every tenth, and the last."""
    return tuple(s for s in range(1, steps + 1) if s <= 5 or s % 10 == 0 or s == steps)


def measured_gradients(
    network: ResNet,
    images: Float[Tensor, "batch channel height width"],
    labels: Int64[Tensor, " batch"],
    *,
    seed: int,
    step: int = 0,
) -> GradientMeasurement:
    """Measure the gradients of the cross-entropy in one forward and backward pass.

    The network keeps its mode and is left unchanged. Norms are computed in double precision, so
    that a gradient of 1e-30 does not underflow to zero.

    Parameters
    ----------
    network
        The network.
    images
        A normalised batch.
    labels
        Classes of the images.
    seed, step
        Stored in the result.

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
        inputs = [*captured.values.values(), *weights.values()]
        gradients = torch.autograd.grad(loss, inputs, materialize_grads=True)
    count = len(captured.values)
    weight_gradients = dict(zip(weights, gradients[count:], strict=True))
    layers = [
        _layer(name, value.detach(), gradient, weights, weight_gradients)
        for (name, value), gradient in zip(captured.values.items(), gradients[:count], strict=True)
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
    weight_gradients: Mapping[str, Tensor],
) -> LayerGradient:
    weight = f"{name}.weight"
    gradient_norm = relative_norm = None
    if weight in weights:
        gradient_norm = _norm(weight_gradients[weight]) / len(value)
        weight_norm = _norm(weights[weight].detach())
        relative_norm = gradient_norm / weight_norm if weight_norm else math.nan
    value = value.double()
    return LayerGradient(
        name=name,
        weight_gradient_norm=gradient_norm,
        relative_weight_gradient_norm=relative_norm,
        activation_gradient_norm=float(norms_per_image([gradient.double()])[0].mean()),
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


def gradients_document(measurement: GradientMeasurement) -> JsonObject:
    """Return the command line's JSON output for a measurement; branches are left out."""
    short_names = {value: name for name, value in INITIALISATIONS.items()}
    spec = measurement.spec
    return {
        "depth": spec.depth,
        "kind": spec.kind.value,
        "norm": spec.norm.value,
        "init": short_names.get(spec.initialisation, spec.initialisation.value),
        "seed": measurement.seed,
        "layers": [
            {
                "name": layer.name,
                "weight_gradient_norm": layer.weight_gradient_norm,
                "activation_gradient_norm": layer.activation_gradient_norm,
            }
            for layer in measurement.layers
            if not layer.name.endswith(".branch")
        ],
        "first_over_last": measurement.first_over_last,
    }
