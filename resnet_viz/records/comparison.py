"""Two networks on one picture: a residual one and its plain twin, or any two."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import UInt8

from resnet_viz.records.analysis import Analysis
from resnet_viz.records.pair import Pair
from resnet_viz.records.role import Role
from resnet_viz.spec import NetworkSpec, ZooSpec

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

    ``role`` follows from both networks; of a side that is not in a comparison, from its own form.
    ``weights`` names them: a source, or a file. ``analysis`` is of one image and holds, beside
    ``main_layers`` (every convolution, block and the head), each block's three parts.
    """

    role: Role
    spec: NetworkSpec | ZooSpec
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
    def pickable(self) -> list[str]:
        """Main layers that have a map, in order of execution."""
        return [name for name in self.main_layers if name in self.analysis.cams]

    @property
    def nbytes(self) -> int:
        """Memory of the arrays, each counted once."""
        arrays = [*self.analysis.features.values(), *self.analysis.cams.values()]
        return sum({a.__array_interface__["data"][0]: a.nbytes for a in arrays}.values())


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two networks on one picture: a residual one and its plain twin, or any two.

    ``seen`` is what the networks see, at their own resolution; ``photo`` is the same part of the
    picture for eyes.
    """

    name: str  # of the picture, safe to show
    digest: str  # of the picture's pixels
    seen: UInt8[np.ndarray, "size size 3"]
    photo: UInt8[np.ndarray, "side side 3"]
    target: int | None  # the common target class; None where each network has its own
    sides: Pair[Side]

    @property
    def twins(self) -> bool:
        """Whether the second network is the plain twin of the first."""
        return self.sides.first.role is Role.RESIDUAL

    @property
    def layers(self) -> list[str]:
        """What can be selected: main layers with maps, of the first network, in order."""
        first, second = self.sides.first, self.sides.second
        if not self._same_blocks:
            return first.pickable
        return [name for name in first.pickable if name in second.pickable]

    def layers_at(self, layer: str) -> Pair[str]:
        """A layer of the first network, and the one that the second has in its place.

        That is the layer of the same name where both have the same blocks; else the one at the
        same share of the way through the network, a block for a block.
        """
        if self._same_blocks:
            return Pair(layer, layer)
        first, second = self.sides.first, self.sides.second
        ours, theirs = first.pickable, second.pickable
        if layer in first.spec.blocks():
            ours, theirs = first.spec.blocks(), second.spec.blocks()
        share = ours.index(layer) / max(1, len(ours) - 1)
        return Pair(layer, theirs[round(share * (len(theirs) - 1))])

    @property
    def _same_blocks(self) -> bool:
        first, second = self.sides.first.spec, self.sides.second.spec
        return first.blocks() == second.blocks()
