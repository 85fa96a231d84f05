"""Texts are data: both languages have the same keys, and no text is in the code."""

import ast
import re
import string
import tomllib

import pytest

from resnet_viz.core.places import ASSETS
from resnet_viz.core.text import LANGUAGES, Text, sentences
from tests.source import PACKAGE, ROOT, modules, tree

MODULES = modules()
PLACES = string.Formatter()


def places(sentence):
    return {name for _, name, _, _ in PLACES.parse(sentence) if name is not None}


def keys_in_templates():
    """Each key given to ``text(...)`` in a template, and whether more is put behind it."""
    for path in PACKAGE.rglob("templates/*.html"):
        for key, more in re.findall(r'text\("([\w.]+)"( ~)?', path.read_text("utf-8")):
            yield key, bool(more)


def keys_in_source():
    """Keys given to ``text(...)``, and prefixes of those made with an f-string or in a template."""
    exact, prefixes = set(), set()
    for key, open_end in keys_in_templates():
        (prefixes if open_end else exact).add(key)
    for path in [*MODULES.values(), *(ROOT / "pages").glob("*.py")]:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                exact.add(node.value)
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                prefixes.add(node.values[0].value)
    return exact, {p for p in prefixes if re.fullmatch(r"[a-z_]+\.[a-z_.]*", p)}


def test_every_sentence_of_a_template_exists():
    missing = [
        key
        for key, open_end in keys_in_templates()
        if not any(
            known == key or (open_end and known.startswith(key)) for known in sentences("en")
        )
    ]
    assert not missing


def test_both_languages_have_the_same_sentences():
    assert set(sentences("en")) == set(sentences("zh"))


def test_every_table_stands_in_one_file_of_the_same_name_in_both_languages():
    def files_of(language):
        folder = ASSETS / "text" / language
        return [(path.name, name) for path in sorted(folder.glob("*.toml"))
                for name in tomllib.loads(path.read_text(encoding="utf-8"))]  # fmt: skip

    assert files_of("en") == files_of("zh")
    tables = [table for _, table in files_of("en")]
    assert len(tables) == len(set(tables))


def test_translations_fill_the_same_places():
    english, chinese = sentences("en"), sentences("zh")
    assert [key for key in english if places(english[key]) != places(chinese[key])] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_empty_or_shouts(language):
    for key, sentence in sentences(language).items():
        assert sentence.strip(), key
        assert "!" not in sentence, key
        assert "！" not in sentence, key


def test_every_sentence_is_used():
    exact, prefixes = keys_in_source()
    unused = [
        key
        for key in sentences("en")
        if key not in exact
        and key.removeprefix("errors.") not in exact
        and key.removeprefix("doctor.") not in exact
        and not any(key.startswith(prefix) for prefix in prefixes if prefix != "errors.")
    ]
    assert not unused


def error_codes():
    """Every (file, code, names of values) of a raised error of ours."""
    for path in MODULES.values():
        for node in ast.walk(tree(path)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if not node.func.id.endswith("Error") or not node.args:
                continue
            code = node.args[0]
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                yield path.name, code.value, {k.arg for k in node.keywords}


def test_every_raised_error_has_its_sentence_and_fills_it():
    found = list(error_codes())
    assert len(found) > 30
    for file, code, values in found:
        key = f"errors.{code}"
        assert key in sentences("en"), (file, code)
        assert places(sentences("en")[key]) <= values, (file, code)


def test_errors_are_one_sentence():
    for language, end in (("en", "."), ("zh", "。")):
        for key, sentence in sentences(language).items():
            if key.startswith("errors."):
                assert sentence.endswith(end), key
                assert "\n" not in sentence, key


def test_pages_hold_no_literal_sentence():
    """In ``ui`` and ``app.py`` whatever has two words or more comes from the text files."""
    allowed = {"Language / 语言"}
    for name, path in MODULES.items():
        if not (name == "app" or name.startswith(("resnet_viz.ui", "pages."))):
            continue
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree(path))
            if isinstance(node, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        shapes = {
            id(inner)
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Subscript)
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            literal = node.value
            if id(node) in docstrings | shapes or literal in allowed or "\n" in literal:
                continue
            assert not re.search(r"[A-Za-z]{3,} [a-z]{2,} [a-z]{2,}", literal), (name, literal)


def test_an_unknown_key_is_an_error():
    with pytest.raises(KeyError):
        Text("en")("compare.no_such_key")
