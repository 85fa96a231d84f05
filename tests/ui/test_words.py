"""Text from users is shown literally."""

import re

import pytest

from resnet_viz.ui.frame.words import md_escape
from tests.pictures.hostile_names import NAMES


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_escaped_text_has_no_markup_left(name):
    escaped = md_escape(name)
    assert not re.search(r"(?<!\\)[\[\]()<!:$`*_#]", escaped)


def test_escaping_keeps_every_letter():
    assert re.sub(r"\\(.)", r"\1", md_escape("a*b_[c](d) <e> :f: $g$")) == "a*b_[c](d) <e> :f: $g$"
