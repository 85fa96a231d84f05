"""The texts of the interface: ``assets/text/<language>/*.toml``, looked up by dotted key."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from resnet_viz.core.places import ASSETS

LANGUAGES: Mapping[str, str] = {"en": "English", "zh": "中文"}


@cache
def sentences(language: str) -> Mapping[str, str]:
    """Every sentence of a language, by its dotted key ("compare.title")."""
    by_key: dict[str, str] = {}
    for path in sorted((ASSETS / "text" / language).glob("*.toml")):
        by_key.update(flatten(tomllib.loads(path.read_text(encoding="utf-8"))))
    return by_key


@dataclass(frozen=True)
class Text:
    """Looks up sentences in one language: ``Text("zh")("compare.title", network="ResNet-20")``."""

    language: str

    def __call__(self, key: str, **values: object) -> str:
        """The sentence of ``key`` with ``values`` filled in; ``KeyError`` for an unknown key."""
        return sentences(self.language)[key].format(**values)

    def has(self, key: str) -> bool:
        """Whether there is such a sentence."""
        return key in sentences(self.language)


def flatten(tree: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    """The sentences of nested tables by their dotted keys."""
    rows: list[tuple[str, str]] = []
    for name, value in tree.items():
        if isinstance(value, Mapping):
            rows += flatten(value, f"{prefix}{name}.")
        else:
            rows.append((prefix + name, str(value)))
    return rows
