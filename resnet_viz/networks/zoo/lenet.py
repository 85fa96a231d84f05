"""LeNet-5 (LeCun et al. 1998, fig. 2)."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class LeNetSpec:
    """Sizes of a LeNet: channels of C1, C3 and C5, and units of F6.

    ``input_size`` is the side of the square input in pixels.
    """

    channels: tuple[int, int, int] = (6, 16, 120)
    hidden: int = 84
    input_size: int = 32
    input_channels: int = 1
    classes: int = 10


class LeNet(nn.Module):
    """C1, S2, C3, S4, C5, F6 and the output, each a module that runs once.

    As it is built today: every map of C3 reads every map of S2 (the source leaves some out to save
    weights), the pools have no weights, tanh is not scaled, and the output is linear, not radial.
    """

    def __init__(self, spec: LeNetSpec | None = None) -> None:
        super().__init__()
        self.spec = spec = spec or LeNetSpec()
        first, second, third = spec.channels
        side = ((spec.input_size - 4) // 2 - 4) // 2  # of S4
        self.conv1 = nn.Conv2d(spec.input_channels, first, 5)
        self.tanh1 = nn.Tanh()
        self.pool1 = nn.AvgPool2d(2)
        self.conv2 = nn.Conv2d(first, second, 5)
        self.tanh2 = nn.Tanh()
        self.pool2 = nn.AvgPool2d(2)
        self.conv3 = nn.Conv2d(second, third, side)
        self.tanh3 = nn.Tanh()
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(third, spec.hidden)
        self.tanh4 = nn.Tanh()
        self.fc2 = nn.Linear(spec.hidden, spec.classes)

    def forward(
        self, images: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch classes"]:
        """Logits."""
        value = images
        for step in self.children():
            value = step(value)
        return value
