"""``ZooSpec``: a network of the catalog as pages and records describe it."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class ZooSpec:
    """A network of the catalog, unmodified: its name, main steps, input and output.

    ``stages`` are the module names of its main steps in order of execution, grouped by stage; they
    take the place of a residual network's blocks. ``input_size`` is in pixels.
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

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)
