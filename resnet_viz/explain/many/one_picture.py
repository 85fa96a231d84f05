"""``picture_job``: one picture of an uploaded set, read in a process of its own."""

from collections.abc import Iterator
from dataclasses import dataclass

from resnet_viz.core.errors import DataError
from resnet_viz.explain.many.picture_sources import PictureSource, open_source
from resnet_viz.pictures.decode import to_png


@dataclass(frozen=True)
class PictureAt:
    """A picture of a source by its number, from 1."""

    source: PictureSource
    number: int


@dataclass(frozen=True)
class PngPicture:
    """The picture as a PNG of its checked pixels."""

    name: str
    png: bytes


def picture_job(config: PictureAt) -> Iterator[PngPicture]:
    """Read one picture; ``DataError`` if the source has fewer."""
    with open_source(config.source) as entries:
        if not 1 <= config.number <= len(entries):
            raise DataError("picture_missing", number=config.number, count=len(entries))
        picture = entries[config.number - 1].read()
    yield PngPicture(picture.name, to_png(picture.pixels))
