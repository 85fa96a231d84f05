"""``Weights``: names where the weights of a network come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from resnet_viz.checkpoints.weight_sources import unknown
from resnet_viz.records import WeightSource

_WORDS = (WeightSource.BUNDLED, WeightSource.PRETRAINED, WeightSource.RANDOM)


@dataclass(frozen=True)
class Weights:
    """Where the weights of a network come from.

    Parameters
    ----------
    source
        ``BUNDLED`` and ``PRETRAINED`` need no other field.
    seed
        Seed of ``RANDOM`` weights.
    path
        Path of a ``FILE``.
    title
        Name to show instead of the file's.
    of
        For ``LESION``: the weights of the network whose shortcuts are cut.
    twin
        Weights of the plain twin if they are not the usual ones (see ``NetworkRef.twin``): a
        training writes a file for each network.

    Raises
    ------
    OptionError
        If a ``FILE`` has no path, or a ``LESION`` has no ``of``.

    """

    source: WeightSource = WeightSource.RANDOM
    seed: int = 0
    path: Path | None = None
    title: str = ""
    of: "Weights | None" = None
    twin: "Weights | None" = None

    def __post_init__(self) -> None:
        needed = {WeightSource.FILE: self.path, WeightSource.LESION: self.of}
        if self.source in needed and needed[self.source] is None:
            raise unknown("weights", self.source, [*_WORDS, "FILE"])

    @classmethod
    def parse(
        cls, words: str, *, seed: int = 0, offered: Sequence[WeightSource] = _WORDS
    ) -> "Weights":
        """Parse the weights of a command or a link.

        Parameters
        ----------
        words
            One of ``offered``, or the path of a weights file.
        seed
            Seed of random weights.
        offered
            The sources that are available for the network.

        Raises
        ------
        OptionError
            If ``words`` is neither one of ``offered`` nor a path with a suffix.

        """
        if words in offered:
            source = WeightSource(words)
            return cls(source, seed if source is WeightSource.RANDOM else 0)
        if words in [*WeightSource] or not PurePath(words).suffix:
            raise unknown("weights", words, [*offered, "FILE"])
        return cls(WeightSource.FILE, path=Path(words))

    def __str__(self) -> str:
        """Return the text that ``parse`` reads."""
        return self.source.value if self.path is None else str(self.path)


#: Random weights of seed 0.
FRESH = Weights()
