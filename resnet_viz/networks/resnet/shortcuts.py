"""Shortcuts that change the shape: zero-padding (option A) and projection (options B, C)."""

from jaxtyping import Float
from torch import Tensor, nn


class ZeroPad(nn.Module):
    """Option A: every second pixel, and zero channels on both sides; no parameters.

    He 2015, sec. 3.3, leaves open where the zero channels go; half before and half after is
    what the most used public checkpoints were trained with. Trained from scratch it makes no
    difference: it permutes the channels of one stage.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        missing = out_channels - in_channels
        self.before, self.after = missing // 2, missing - missing // 2

    def forward(self, x: Float[Tensor, "batch in h w"]) -> Float[Tensor, "batch out hs ws"]:
        x = x[:, :, :: self.stride, :: self.stride]
        return nn.functional.pad(x, (0, 0, 0, 0, self.before, self.after))


class Projection(nn.Sequential):
    """Options B and C: a 1x1 convolution followed by normalisation (torchvision's keys).

    A pre-activation network normalises before its convolutions, and not after this one.
    """
