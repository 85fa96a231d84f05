"""Tiny networks of the kinds that users of other attribution libraries bring."""

import warnings

import torch
import torchvision
from torch import nn
from torch.nn.utils import parametrizations, prune
from torch.utils.checkpoint import checkpoint

CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
SIDES = {1: (4,), 2: (2, 2), 3: (1, 2, 2)}

#: Two channels of four positions, and the weights of three classes.
FIRST, SECOND = [1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0]
WEIGHTS = [[4.0, 0.0], [0.0, -4.0], [4.0, -4.0]]


class Averaged(nn.Module):
    """Logits W mean(A), where A is the input itself: every gradient is W / 4."""

    def __init__(self, axes):
        super().__init__()
        self.conv = CONVOLUTIONS[axes](2, 2, 1, bias=False)
        self.head = nn.Linear(2, 3, bias=False)
        with torch.no_grad():
            self.conv.weight.copy_(torch.eye(2).reshape(2, 2, *[1] * axes))
            self.head.weight.copy_(torch.tensor(WEIGHTS))

    def forward(self, x):
        return self.head(self.conv(x).flatten(2).mean(2))


def two_channels(axes):
    return torch.tensor([FIRST, SECOND]).reshape(1, 2, *SIDES[axes])


def plain(classes=3, channels=4):
    """Two convolutions, a pooling and a head."""
    return nn.Sequential(
        nn.Conv2d(3, channels, 3, padding=1), nn.ReLU(),
        nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes),
    )  # fmt: skip


class Added(nn.Module):
    """A block with a plus sign and no name for the sum."""

    def __init__(self, channels=4):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.relu1, self.relu2 = nn.ReLU(), nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)

    def forward(self, x):
        return self.relu2(self.conv2(self.relu1(self.conv1(x))) + x)


class Branched(nn.Module):
    """Two branches side by side, joined."""

    def __init__(self, channels=4):
        super().__init__()
        self.one, self.two = nn.Conv2d(channels, 2, 1), nn.Conv2d(channels, 2, 3, padding=1)

    def forward(self, x):
        return torch.cat([self.one(x), self.two(x)], 1)


class Framed(nn.Module):
    """A stem, a middle part, and a head over the mean."""

    def __init__(self, middle, head=None):
        super().__init__()
        self.stem, self.middle = nn.Conv2d(3, 4, 3, padding=1), middle
        self.head = nn.Linear(4, 3) if head is None else head

    def forward(self, x):
        return self.head(self.middle(self.stem(x)).mean((2, 3)))


class WithAuxiliary(Framed):
    """A head that runs in training only."""

    def __init__(self):
        super().__init__(Added())
        self.auxiliary = nn.Sequential(nn.Conv2d(4, 4, 1), nn.AdaptiveAvgPool2d(1))

    def forward(self, x):
        logits = super().forward(x)
        return (logits, self.auxiliary(self.stem(x))) if self.training else logits


class ClassScores(nn.Module):
    """Ends in one map for each class, and their mean."""

    def __init__(self):
        super().__init__()
        self.body, self.classes = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 3, 1)

    def forward(self, x):
        return self.classes(self.body(x).relu()).mean((2, 3))


class Segmenting(ClassScores):
    """Returns a dictionary of one map for each class."""

    def forward(self, x):
        return {"out": self.classes(self.body(x).relu())}


class Siamese(nn.Module):
    """The same part for both inputs; the output is their likeness."""

    def __init__(self):
        super().__init__()
        self.part, self.head = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4, 3)

    def forward(self, x, other):
        one, two = (self.head(self.part(each).relu().mean((2, 3))) for each in (x, other))
        return torch.stack([(one * two).sum(1), (one - two).square().sum(1)], 1)


class Checkpointed(Framed):
    def __init__(self, *, reentrant):
        super().__init__(Added())
        self.reentrant = reentrant

    def forward(self, x):
        held = checkpoint(self.middle, self.stem(x), use_reentrant=self.reentrant)
        return self.head(held.mean((2, 3)))


class CutOff(Framed):
    """The head reads values without a gradient."""

    def __init__(self, *, no_grad):
        super().__init__(Added())
        self.no_grad = no_grad

    def forward(self, x):
        if not self.no_grad:
            return self.head(self.middle(self.stem(x)).detach().mean((2, 3)))
        with torch.no_grad():
            held = self.middle(self.stem(x))
        return self.head(held.mean((2, 3)))


class Centred(nn.Module):
    """Normalises its input in place, by an expanded buffer."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.full((1, 3, 1, 1), 0.5).expand(1, 3, 8, 8))
        self.inside = plain()

    def forward(self, x):
        x -= self.mean
        return self.inside(x)


class Recurring(nn.Module):
    """One ReLU that runs twice."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)
        self.relu, self.head = nn.ReLU(), nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.relu(self.conv2(self.relu(self.conv1(x)))).mean((2, 3)))


class ChannelsLast(nn.Module):
    """Mixes its channels as the last axis, as ConvNeXt and Swin do."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 6, 4, stride=4), nn.LayerNorm(6)
        self.mix, self.act, self.head = nn.Linear(6, 6), nn.GELU(), nn.Linear(6, 3)

    def forward(self, x):
        return self.head(
            self.act(self.mix(self.norm(self.stem(x).permute(0, 2, 3, 1)))).mean((1, 2))
        )


def swin():
    return torchvision.models.SwinTransformer(
        [4, 4], 8, [1, 1], [1, 1], [2, 2], num_classes=3, stochastic_depth_prob=0.0
    )


def vision_transformer():
    network = torchvision.models.VisionTransformer(
        image_size=16, patch_size=4, num_layers=2, num_heads=1, hidden_dim=8, mlp_dim=8,
        num_classes=3,
    )  # fmt: skip
    nn.init.normal_(network.heads.head.weight)  # zero at first
    return network


def convnext():
    from torchvision.models.convnext import CNBlockConfig, ConvNeXt

    return ConvNeXt([CNBlockConfig(4, 8, 1), CNBlockConfig(8, None, 1)], num_classes=3)


def densenet():
    return torchvision.models.DenseNet(4, (1, 2), 8, num_classes=3)


def pruned():
    network = plain()
    prune.l1_unstructured(network[2], "weight", amount=0.5)
    return network


def parametrised():
    network = plain()
    parametrizations.weight_norm(network[2])
    return network


def spectral():
    network = plain()
    parametrizations.spectral_norm(network[2])
    return network


def scripted_part():
    network = Framed(nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.ReLU()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated, and still in use
        network.middle = torch.jit.script(network.middle)
    return network


def normalised_in(norm):
    return lambda: Framed(nn.Sequential(norm(), nn.ReLU(), nn.Conv2d(4, 4, 1)))


def made(make):
    """A network with the same weights each time, in evaluation mode."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make().eval()


def picture(side=8, count=1, dtype=torch.float32):
    generator = torch.Generator().manual_seed(1)
    sides = (side, side) if isinstance(side, int) else side
    return torch.rand(count, 3, *sides, generator=generator).to(dtype)
