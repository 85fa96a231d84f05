"""A residual network and its plain twin on one picture."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import UInt8

from resnet_viz.records.analysis import Analysis
from resnet_viz.records.pair import Pair
from resnet_viz.spec import NetworkSpec

#: The parts of a block that are shown side by side; a plain block has only the first.
BLOCK_PARTS = ("branch", "shortcut", "join")


class WeightSource(StrEnum):
    """Where a network's weights come from."""

    BUNDLED = "bundled"  # trained by this project, in the repository
    PRETRAINED = "pretrained"  # torchvision's, trained on ImageNet, downloaded on demand
    RANDOM = "random"  # fresh from a seed
    FILE = "file"  # the user's own
    LESION = "lesion"  # another network's weights with its shortcuts cut


@dataclass(frozen=True, eq=False)
class Side:
    """One network of a comparison with all that was measured on it.

    ``weights`` names them: a source, or a file. ``analysis`` is of one image and holds, beside
    ``main_layers`` (every convolution, block and the head), each block's three parts.
    """

    spec: NetworkSpec
    source: WeightSource
    weights: str
    seed: int | None  # of random weights
    classes: tuple[str, ...]
    analysis: Analysis
    main_layers: tuple[str, ...]
    path: str | None = None  # of the weights' file, where there is one

    @property
    def target_label(self) -> str:
        """The class whose logit or loss was differentiated."""
        targets = self.analysis.targets
        return "" if targets is None else self.classes[int(targets[0])]

    @property
    def nbytes(self) -> int:
        """Memory of the arrays, each counted once."""
        arrays = [*self.analysis.features.values(), *self.analysis.cams.values()]
        return sum({a.__array_interface__["data"][0]: a.nbytes for a in arrays}.values())


@dataclass(frozen=True, eq=False)
class Comparison:
    """Both networks on one picture.

    ``seen`` is what the networks see, at their own resolution; ``photo`` is the same part of the
    picture for eyes.
    """

    name: str  # of the picture, safe to show
    digest: str  # of the picture's pixels
    seen: UInt8[np.ndarray, "size size 3"]
    photo: UInt8[np.ndarray, "side side 3"]
    target: int | None  # the common target class; None where each network has its own
    sides: Pair[Side]
