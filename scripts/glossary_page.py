"""Write docs/reference/glossary.md from the interface's glossary.

python -m scripts.glossary_page
"""

from collections.abc import Iterator
from pathlib import Path

from resnet_viz.core.glossary import glossary
from resnet_viz.core.text import LANGUAGES, Text

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "glossary.md"


def main() -> None:
    """Write the page."""
    PAGE.write_text(glossary_page(), encoding="utf-8")


def glossary_page() -> str:
    """Return the page: every term in both languages, in the order of the English words."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Glossary"
    yield ""
    yield "Every page of the app explains these words where they stand: point at one, or tap it."
    yield "The whole list is behind **Words** in the sidebar."
    yield ""
    yield "Written from `assets/text/*/glossary.toml` by `python -m scripts.glossary_page`."
    by_key = {
        language: {term.key: term for term in glossary(Text(language))} for language in LANGUAGES
    }
    for key, term in by_key["en"].items():
        chinese = by_key["zh"][key]
        yield ""
        yield f"**{term.words[0]}** · {chinese.words[0]}  "
        yield f"{term.says}  "
        yield chinese.says


if __name__ == "__main__":
    main()
