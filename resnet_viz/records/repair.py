"""What a repair did to a weights file."""

from dataclasses import dataclass
from enum import StrEnum

from resnet_viz.core.converter import JsonObject, encode
from resnet_viz.core.text import Text


class RepairKind(StrEnum):
    """What can be repaired, in the order in which it is done."""

    COPY = "copy"  # one of several sets of weights was taken
    PREFIX = "prefix"  # taken off the names
    MERGED = "merged"  # weights in parts were put together
    ASIDE = "aside"  # tensors beside the network were left out
    RENAMED = "renamed"  # tensors got the names of torchvision
    FILLED = "filled"  # tensors that do nothing were added for absent ones
    HEAD = "head"  # a 1x1 convolution became a linear layer
    MEASURED = "measured"  # missing running statistics were measured on the bundled photographs
    RECALIBRATED = "recalibrated"  # running statistics were measured on the user's images
    DESCRIBED = "described"  # network, classes and preprocessing were written to the metadata


@dataclass(frozen=True)
class RepairStep:
    """One thing that was done.

    Attributes
    ----------
    kind
        What was done.
    count
        How many tensors or, for recalibration, images it concerns.
    names
        The names that it concerns: of tensors, copies or prefixes, at most a few.

    """

    kind: RepairKind
    count: int
    names: tuple[str, ...] = ()

    def sentence(self, text: Text) -> str:
        """Return the step as a sentence."""
        return text(f"repair.{self.kind}", count=self.count, names=", ".join(self.names))


@dataclass(frozen=True)
class Repair:
    """The result of ``repair``.

    Attributes
    ----------
    file, out
        The file that was read, and the one that was written.
    network
        Name of the network; None for one that is not built here.
    tensors
        Number of tensors that were written.
    steps
        What was done, in order; empty if nothing was to do.

    """

    file: str
    out: str
    network: str | None
    tensors: int
    steps: tuple[RepairStep, ...]

    def contract(self, text: Text) -> JsonObject:
        """Return the command line's JSON output."""
        steps = [{**encode(step), "sentence": step.sentence(text)} for step in self.steps]
        return {**encode(self), "steps": steps}
