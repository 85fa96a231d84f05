"""The ways around a branch: identity, zero-padding (option A) and projection (options B, C)."""

from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.spec import Shortcut


class ZeroPad(nn.Module):
    """Option A: every second pixel, and zero channels on both sides; no parameters.

    He 2015, sec. 3.3, leaves open where the zero channels go; half before and half behind is
    what the most used public checkpoints were trained with. Trained from scratch it makes no
    difference: it permutes the channels of one stage.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        missing = out_channels - in_channels
        self.before, self.behind = missing // 2, missing - missing // 2

    def forward(self, x: Float[Tensor, "batch in h w"]) -> Float[Tensor, "batch out hs ws"]:
        x = x[:, :, :: self.stride, :: self.stride]
        return nn.functional.pad(x, (0, 0, 0, 0, self.before, self.behind))


class Projection(nn.Sequential):
    """Options B and C: a 1x1 convolution with batch normalisation (torchvision's keys)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__(
            nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
            nn.BatchNorm2d(out_channels),
        )


def shortcut(
    option: Shortcut, in_channels: int, out_channels: int, stride: int
) -> nn.Module | None:
    """The shortcut of one block; None for a plain network."""
    same_shape = stride == 1 and in_channels == out_channels
    match option:
        case Shortcut.NONE:
            return None
        case Shortcut.ZERO_PAD:
            identity = same_shape
        case Shortcut.PROJECTION:
            identity = same_shape
        case Shortcut.PROJECTION_ALL:
            identity = False
    if identity:
        return nn.Identity()
    if option is Shortcut.ZERO_PAD:
        return ZeroPad(in_channels, out_channels, stride)
    return Projection(in_channels, out_channels, stride)
