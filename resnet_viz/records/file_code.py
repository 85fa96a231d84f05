"""The Python code that loads a weights file without this library."""

import shlex
from dataclasses import dataclass

#: What ``repair`` writes where the code cannot read the file itself.
REPAIRED = "repaired.safetensors"


@dataclass(frozen=True)
class FileCode:
    """Python code that loads the network of a weights file right; it needs PyTorch alone.

    Attributes
    ----------
    file
        Path of the weights file.
    network
        Source of the network's class; empty where torchvision has it.
    imports
        Imports of ``lines``.
    lines
        Code that assigns ``network``, in evaluation mode, and ``preprocess``.
    repaired
        Whether the code reads what ``resnet-viz repair`` writes, and not the file itself.

    """

    file: str
    network: str
    imports: tuple[str, ...]
    lines: tuple[str, ...]
    repaired: bool = False

    @property
    def short(self) -> str:
        """The lines without the source of the network's class."""
        before, file = [], self.file
        if self.repaired:
            shown = shlex.quote("".join(c if c.isprintable() else "?" for c in file))
            before, file = [f"# First: resnet-viz repair {shown} --out {REPAIRED}"], REPAIRED
        return "\n".join([*before, *self.imports, "", f"file = {file!r}", *self.lines])

    @property
    def program(self) -> str:
        """The whole program."""
        return f"{self.network}\n\n{self.short}\n".lstrip()
