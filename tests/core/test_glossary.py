"""One glossary for all pages, in both languages."""

import re

import pytest

from resnet_viz.core.glossary import glossary
from resnet_viz.core.text import LANGUAGES, Text, sentences
from scripts import glossary_page
from tests.source import ROOT


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_has_words_and_an_explanation(language):
    terms = {term.key: term for term in glossary(Text(language))}
    explained = {key.removeprefix("glossary.") for key in sentences(language)
                 if key.startswith("glossary.")}  # fmt: skip
    assert set(terms) == explained - {"title", "about"}
    words = [word.lower() for term in terms.values() for word in term.words]
    assert len(words) == len(set(words))
    assert all(words)


def test_both_languages_explain_the_same_terms():
    keys = [{term.key for term in glossary(Text(language))} for language in LANGUAGES]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_most_terms_stand_in_the_interface(language):
    """A term that no page says would explain nothing."""
    said = "\n".join(sentence for key, sentence in sentences(language).items()
                     if not key.startswith("glossary")).lower()  # fmt: skip
    absent = [term.key for term in glossary(Text(language))
              if not any(word.lower() in said for word in term.words)]  # fmt: skip
    assert not absent


def test_every_page_explains_its_words():
    shell = (ROOT / "resnet_viz" / "ui" / "frame" / "shell.py").read_text("utf-8")
    assert "explain_words(text" in shell.partition("def open_page")[2]
    for page in [ROOT / "app.py", *(ROOT / "pages").glob("*.py")]:
        assert re.search(r"\bopen_page\(", page.read_text("utf-8")), page.name


def test_the_page_in_the_documentation_is_written_from_it():
    assert glossary_page.PAGE.read_text("utf-8") == glossary_page.glossary_page()
