"""A network that is not built here, as far as pages and records have to know it."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class ZooSpec:
    """Torchvision's network, taken as it is: its name, its main steps, its input and output.

    ``stages`` are the module names of its main steps in order of execution, grouped by stage; they
    stand where a residual network has its blocks. ``input_size`` is in pixels.
    """

    name: str
    title: str
    stages: tuple[tuple[str, ...], ...]
    input_size: int
    input_channels: int
    classes: int

    def blocks(self) -> list[str]:
        """Names of the main steps in order of execution."""
        return [name for stage in self.stages for name in stage]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)
