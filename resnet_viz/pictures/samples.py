"""The bundled photographs."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from resnet_viz.core.errors import OptionError, close_matches
from resnet_viz.core.places import ASSETS
from resnet_viz.pictures.decode import Picture, open_picture
from resnet_viz.pictures.preprocess import Preprocessing, seen, to_batch


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


def sample_batch(preprocessing: Preprocessing) -> Float[Tensor, "batch channels size size"]:
    """Every bundled photograph followed by every mirror image, as one batch."""
    pictures = [seen(sample_picture(name), preprocessing) for name in samples()]
    mirrored: list[UInt8[np.ndarray, "size size 3"]] = [p[:, ::-1].copy() for p in pictures]
    return to_batch([*pictures, *mirrored], preprocessing)
