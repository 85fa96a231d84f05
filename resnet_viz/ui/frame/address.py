"""Small choices in the page's address, so that a link opens the same page.

Streamlit can bind a widget to the address, but writes the label that the visitor sees, which
changes with the language. Here the value itself is written.
"""

from collections.abc import Collection

import streamlit as st


def restore(key: str, allowed: Collection[str], default: str) -> None:
    """Before a widget: its value from the session, else the address, else ``default``.

    Whatever is not allowed (any more) becomes ``default``.
    """
    wanted = st.session_state.get(key, st.query_params.get(key))
    st.session_state[key] = wanted if wanted in allowed else default


def restore_number(key: str, highest: int) -> None:
    """The same for a whole number from 0 to ``highest``."""
    wanted = st.session_state.get(key, st.query_params.get(key, "0"))
    digits = str(wanted)
    plain = digits.isascii() and digits.isdigit() and len(digits) < 12
    st.session_state[key] = min(int(digits), highest) if plain else 0


def publish(key: str, default: object) -> None:
    """After a widget: its value into the address; the default leaves no trace there."""
    value = str(st.session_state.get(key, default))
    if value == str(default):
        if key in st.query_params:
            del st.query_params[key]
    elif st.query_params.get(key) != value:
        st.query_params[key] = value
