"""Activation maximisation: a picture that excites one channel most, also when it is moved.

The picture is a sum of waves, in colours that vary as they do in photographs. Finer waves take
smaller steps, so that no single pixel dominates. Each step sees the picture shifted, scaled and
turned at random (Olah, Mordvintsev, Schubert 2017, "Feature Visualization", Distill, sections "The
Enemy of Feature Visualization" and "Preconditioning and Parameterization").
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample
from torch.optim import Adam

from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.core.errors import LayerError
from resnet_viz.core.saving import whole_file
from resnet_viz.explain.method_options import Option
from resnet_viz.explain.stopping import raise_if_stopped
from resnet_viz.pictures.preprocess import Preprocessing, ordered
from resnet_viz.probe.capture import capture
from resnet_viz.probe.isolation import untouched
from resnet_viz.records.features import AscentStep

_RATE = 0.05  # of Adam, as in the source
_SHOWN_EVERY = 16  # steps
_START = 0.01  # deviation of the first waves: nearly grey
_CONTRAST = 0.25  # of the waves; with 1 every pixel would soon be black or white
#: Red, green and blue of three colours: brightness, yellow to blue, and green to violet. They are
#: the principal directions of the pixels of CIFAR-10's training images times their deviations, over
#: the longest.
COLOURS = ((0.558, 0.201, 0.057), (0.577, 0.013, -0.106), (0.596, -0.201, 0.050))
MOST_STEPS = 4096


@dataclass(frozen=True)
class Goal:
    """Which channel to maximise, in how many steps, and how far the picture moves at each step."""

    layer: str
    channel: int
    steps: int = 256
    shift: float = 0.06  # share of the side, each way
    scale: float = 0.1  # share, each way
    turn: float = 10.0  # degrees, each way
    seed: int = 0


class Ascent:
    """The state of a maximisation: its waves, on the CPU, and their optimiser."""

    def __init__(self, waves: Float[Tensor, "c height half 2"]) -> None:
        self.waves = waves.requires_grad_()
        self.optimiser = Adam([waves], lr=_RATE, maximize=True)

    @classmethod
    def begin(cls, size: int, channels: int, seed: int) -> "Ascent":
        """Start a picture of ``size`` x ``size`` pixels from faint noise, drawn from the seed."""
        generator = torch.Generator().manual_seed(seed)
        shape = (channels, size, size // 2 + 1, 2)
        return cls(_START * torch.randn(shape, generator=generator))

    @property
    def step(self) -> int:
        """Number of steps done."""
        return int(self.optimiser.state[self.waves].get("step", 0))

    def climb(self, gradient: Float[Tensor, "c height half 2"]) -> None:
        """Take one step of gradient ascent."""
        self.waves.grad = gradient
        self.optimiser.step()

    def save(self, path: Path) -> None:
        """Save the state to a file atomically."""
        tensors = {"waves": self.waves.detach(), **self.optimiser.state[self.waves]}
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        with whole_file(path) as partial, partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> "Ascent":
        """Load a state that ``save`` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        ascent = cls(tensors.pop("waves"))
        ascent.optimiser.state[ascent.waves] = tensors
        return ascent


def maximise(
    loaded: LoadedNetwork, goal: Goal, state: Ascent | None = None
) -> Iterator[AscentStep]:
    """Maximise one channel, from the beginning or from ``state``, which is updated.

    Equal goals give equal pictures, also after a stop. Every 16 steps the record holds the picture.
    Raises ``LayerError`` for a layer whose values have no positions, and ``OptionError`` for a
    channel or a number of steps outside the range.
    """
    network, device = loaded.network, next(loaded.network.parameters()).device
    size, channels = network.spec.input_size, network.spec.input_channels
    _check(loaded, goal)
    state = Ascent.begin(size, channels, goal.seed) if state is None else state
    scale = _wave_scale(size).to(device)
    for step in range(state.step, goal.steps):
        raise_if_stopped()
        with torch.inference_mode(False), torch.enable_grad():
            moved = _moved(picture_of(state.waves.to(device), scale), goal, step)
            activation = _activation(loaded, goal, moved)
            state.climb(torch.autograd.grad(activation, state.waves)[0])
            reached = float(activation.detach())
        if (step + 1) % _SHOWN_EVERY and step + 1 < goal.steps:
            yield AscentStep(step + 1, goal.steps, reached)
            continue
        with torch.no_grad():
            shown = picture_of(state.waves.to(device), scale)
            still = float(_activation(loaded, goal, shown))
        yield AscentStep(step + 1, goal.steps, reached, still, _pixels(shown))


def picture_of(waves: Tensor, scale: Tensor) -> Float[Tensor, "1 c height width"]:
    """The picture, from 0 to 1, that is the sum of the waves."""
    size = waves.shape[1]
    values = torch.fft.irfft2(torch.view_as_complex(waves) * scale, s=(size, size), norm="ortho")
    if len(values) == len(COLOURS):
        values = torch.einsum("ij,jhw->ihw", values.new_tensor(COLOURS), values)
    return torch.sigmoid(_CONTRAST * values)[None]


def _wave_scale(size: int) -> Float[Tensor, "height half"]:
    """1 / frequency, as in photographs; the constant counts as one turn per picture."""
    rows, columns = torch.fft.fftfreq(size)[:, None], torch.fft.rfftfreq(size)[None]
    frequency = torch.sqrt(rows**2 + columns**2).clamp(min=1 / size)
    return 1 / frequency


def _check(loaded: LoadedNetwork, goal: Goal) -> None:
    network, size = loaded.network, loaded.network.spec.input_size
    grey = torch.zeros(1, network.spec.input_channels, size, size)
    with torch.no_grad(), untouched(network, needs_gradients=False):
        device = next(network.parameters()).device
        value = capture(network, grey.to(device), [goal.layer]).values[goal.layer]
    if value.ndim != 4:
        known = ", ".join(network.spec.blocks()[-5:])
        raise LayerError("explain_layer", name=goal.layer, known=known)
    Option("channel", 0, 0, value.shape[1] - 1, whole=True).checked(goal.channel)
    Option("steps", goal.steps, 1, MOST_STEPS, whole=True).checked(goal.steps)


def _moved(picture: Tensor, goal: Goal, step: int) -> Tensor:
    """The picture shifted, scaled and turned at random; it is mirrored at its border."""
    generator = torch.Generator().manual_seed(goal.seed * 1_000_003 + step)
    across, down, size, turn = (2 * torch.rand(4, generator=generator) - 1).tolist()
    angle, factor = math.radians(turn * goal.turn), 1 + size * goal.scale
    cosine, sine = math.cos(angle) * factor, math.sin(angle) * factor
    shift = 2 * goal.shift  # affine_grid's pictures are two wide
    theta = [[cosine, -sine, across * shift], [sine, cosine, down * shift]]
    grid = affine_grid(picture.new_tensor([theta]), list(picture.shape), align_corners=False)
    return grid_sample(picture, grid, padding_mode="reflection", align_corners=False)


def _activation(loaded: LoadedNetwork, goal: Goal, picture: Tensor) -> Tensor:
    """The channel's mean over positions."""
    batch = _normalised(picture, loaded.preprocessing)
    with untouched(loaded.network, needs_gradients=False):
        value = capture(loaded.network, batch, [goal.layer]).values[goal.layer]
    return value[0, goal.channel].mean()


def _normalised(picture: Tensor, preprocessing: Preprocessing) -> Tensor:
    mean, deviation = (
        picture.new_tensor(v).view(1, -1, 1, 1)
        for v in (preprocessing.mean, preprocessing.deviation)
    )
    return ordered((picture - mean) / deviation, preprocessing)


def _pixels(picture: Tensor) -> UInt8[np.ndarray, "height width 3"]:
    values = (picture[0].cpu() * 255).round().to(torch.uint8)
    return np.ascontiguousarray(values.expand(3, -1, -1).permute(1, 2, 0).numpy())
