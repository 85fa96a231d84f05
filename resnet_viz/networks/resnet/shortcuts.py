"""Shortcuts that change the shape: zero-padding (option A) and projection (options B, C)."""

from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.spec import Padding


class ZeroPad(nn.Module):
    """Option A: every second pixel, and zero channels; no parameters.

    Half of them before and half behind the others, unless ``padding`` says otherwise (see
    ``Padding``). Where the block has fewer channels than before, the same number is cut.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, padding: Padding = Padding.SPLIT
    ) -> None:
        super().__init__()
        self.stride = stride
        missing = out_channels - in_channels
        places = {Padding.SPLIT: missing // 2, Padding.BEHIND: 0, Padding.BEFORE: missing}
        self.before = places[padding]
        self.after = missing - self.before

    def forward(self, x: Float[Tensor, "batch in h w"]) -> Float[Tensor, "batch out hs ws"]:
        x = x[:, :, :: self.stride, :: self.stride]
        return nn.functional.pad(x, (0, 0, 0, 0, self.before, self.after))


class Projection(nn.Sequential):
    """Options B and C: a 1x1 convolution followed by normalisation (torchvision's keys).

    Average pooling may come before it (timm's keys). A pre-activation network normalises before its
    convolutions, and not after this one.
    """
