"""The glossary on the page: words are marked where they stand, and explained on hover and tap.

The script changes no element of the page: it marks the first of each word by a highlight, and finds
the word under the pointer by its place. It can also set a cookie, which Streamlit cannot.
"""

from collections.abc import Sequence
from dataclasses import asdict

from resnet_viz.core.glossary import Term
from resnet_viz.ui.frame.components.register import register

_marks = register("glossary_marks")


def glossary_marks(terms: Sequence[Term], *, spaced: bool, cookie: str, key: str) -> None:
    """Explain ``terms`` on this page.

    ``spaced``: words are separated by spaces. ``cookie`` is set for a year; "" sets none.
    """
    data = {"terms": [asdict(term) for term in terms], "spaced": spaced, "cookie": cookie}
    _marks(data=data, key=key)
