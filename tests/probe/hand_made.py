"""Small networks with one special case each, and helpers for the tests of this folder."""

import copy

import numpy as np
import torch
from torch import nn

from resnet_viz import NetworkSpec, Shortcut, build

SMALL = NetworkSpec(depths=(1, 2), widths=(4, 8), input_size=16, classes=5)


class Tiny(nn.Module):
    """Two convolutions and a head in float64, cut in two so that the tail runs alone."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 3, 3, padding=1)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(3, 4, 3, stride=2)
        self.relu2 = nn.ReLU()
        self.head = nn.Linear(4, 3)
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
        self.double()

    def before(self, x):
        return self.relu1(self.conv1(x))

    def after(self, feature):
        return self.head(self.relu2(self.conv2(feature)).mean((2, 3)))

    def forward(self, x):
        return self.after(self.before(x))


class Reused(nn.Module):
    """One ReLU and one convolution that run twice."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3)
        self.conv = nn.Conv2d(4, 4, 3)
        self.relu = nn.ReLU(inplace=True)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        x = self.relu(self.conv(self.conv1(x)))
        return self.fc(self.relu(self.conv(x)).mean((2, 3)))


class Fails(nn.Module):
    """Has batch normalisation and dropout, and raises after both ran."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        self.drop(self.norm(self.conv(x)))
        raise ZeroDivisionError("in the middle")


class Drops(nn.Module):
    """Convolution, normalisation, dropout, head."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        return self.fc(self.drop(self.norm(self.conv(x)).relu()).mean((2, 3)))


class Several(nn.Module):
    """Returns a tuple, has a part that returns one, and a part that never runs."""

    def __init__(self):
        super().__init__()
        self.split = Split()
        self.fc = nn.Linear(4, 3)
        self.unused = nn.Linear(4, 3)

    def forward(self, x):
        left, right = self.split(x)
        return self.fc(left.mean((2, 3))), right


class Split(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        value = self.conv(x)
        return value, value.mean()


def images(count=2, size=16, *, seed=1, channels=3, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    height, width = (size, size) if isinstance(size, int) else size
    return torch.randn(count, channels, height, width, generator=generator).to(dtype)


def settled(network, batch):
    """In evaluation mode, with the running statistics of one batch, so that nothing explodes."""
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
        norm.reset_running_stats()
    network.train()
    with torch.no_grad():
        network(batch)
    for norm in norms:
        norm.momentum = 0.1
    return network.eval()


def small(shortcut=Shortcut.ZERO_PAD, **fields):
    """A network of ours with three blocks, settled."""
    values = {**SMALL.to_dict(), "shortcut": shortcut, **fields}
    return settled(build(NetworkSpec(**values), seed=3), images(8, values["input_size"], seed=9))


def seeded(make, seed=0):
    """A network of someone else's with reproducible weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make()


def out_of_place(network):
    """A copy of a torchvision-style network whose ReLUs do not work in place."""
    twin = copy.deepcopy(network)
    for module in twin.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    return twin


def close(got, expected, tolerance=1e-5):
    """Equal to a share of the largest value."""
    got, expected = (v.copy() if isinstance(v, np.ndarray) else v for v in (got, expected))
    got, expected = torch.as_tensor(got), torch.as_tensor(expected)
    assert got.shape == expected.shape
    scale = expected.abs().max().clamp(min=1e-30)
    assert (got - expected).abs().max() <= tolerance * scale
