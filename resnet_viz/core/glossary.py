"""The glossary: every term of the interface, in the words of a language."""

from dataclasses import dataclass

from resnet_viz.core.text import Text, sentences

_PREFIX = "glossary."
_ABOUT = ("title", "about")  # of the list itself


@dataclass(frozen=True)
class Term:
    """A term: its key, the words by which it stands in sentences, and one sentence about it."""

    key: str
    words: tuple[str, ...]
    says: str


def glossary(text: Text) -> tuple[Term, ...]:
    """Return every term of a language, in the order of its usual word."""
    keys = (
        key.removeprefix(_PREFIX) for key in sentences(text.language) if key.startswith(_PREFIX)
    )
    terms = [
        Term(key, tuple(text(f"glossary_words.{key}").split("|")), text(f"glossary.{key}"))
        for key in keys
        if key not in _ABOUT
    ]
    return tuple(sorted(terms, key=lambda term: term.words[0].lower()))
