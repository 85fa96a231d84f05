"""The bundled photographs."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from resnet_viz.core.errors import OptionError, close_matches
from resnet_viz.core.places import ASSETS
from resnet_viz.pictures.decode import Picture, open_picture
from resnet_viz.pictures.preprocess import Preprocessing, seen, to_batch

#: Pixels up to which many pictures cost little.
SMALL = 64


@dataclass(frozen=True)
class Sample:
    """A bundled photograph: CIFAR-10 class ("" for none), titles by language, licence."""

    name: str
    file: str
    label: str
    titles: Mapping[str, str]
    author: str
    licence: str


@cache
def samples() -> Mapping[str, Sample]:
    """All bundled photographs by name, in display order."""
    table = tomllib.loads((ASSETS / "samples" / "samples.toml").read_text(encoding="utf-8"))
    return {
        name: Sample(
            name=name,
            file=row["file"],
            label=row["class"],
            titles={"en": row["title_en"], "zh": row["title_zh"]},
            author=row["author"],
            licence=row["licence"],
        )
        for name, row in table.items()
    }


@cache
def sample_picture(name: str) -> Picture:
    """A bundled photograph; ``OptionError`` for an unknown name."""
    if name not in samples():
        known = close_matches(name, list(samples()), count=20)
        raise OptionError("option_unknown", option="sample", value=name, known=known)
    data = (ASSETS / "samples" / samples()[name].file).read_bytes()
    return open_picture(data, name)


def photographs(preprocessing: Preprocessing) -> Float[Tensor, "batch channels size size"]:
    """The batch that networks are judged on: small photographs with their mirror images.

    Large ones cost fifty times as much to run, and their mirror images say hardly anything new.
    """
    batch = sample_batch(preprocessing)
    return batch if preprocessing.size <= SMALL else batch[: len(samples())]


def sample_batch(preprocessing: Preprocessing) -> Float[Tensor, "batch channels size size"]:
    """Every bundled photograph followed by every mirror image, as one batch."""
    grey = len(preprocessing.mean) == 1
    return to_batch(_seen_samples(preprocessing.size, preprocessing.resize, grey), preprocessing)


@lru_cache(maxsize=8)
def _seen_samples(
    size: int, resize: int, grey: bool
) -> tuple[UInt8[np.ndarray, "size size 3"], ...]:
    """Pixels of all photographs and mirror images; many normalisations are tried on one size."""
    channels = 1 if grey else 3
    geometry = Preprocessing(size, resize, (0.0,) * channels, (1.0,) * channels)
    pictures = [seen(sample_picture(name), geometry) for name in samples()]
    return (*pictures, *(picture[:, ::-1].copy() for picture in pictures))
