"""Who looks at the page, where several people are served: an anonymous key, or the teacher."""

import hmac
import re
import secrets

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from resnet_viz.ui.frame.serving import OWNER_COOKIE, TEACHER_COOKIE, mark, serving
from resnet_viz.ui.frame.session import SHARE, SHARES, VISITOR

_KEY = re.compile(r"[0-9a-f]{32}")


def owner() -> str:
    """Return the mark of this page's visitor; empty where everything belongs to everybody.

    The key itself is in the browser's cookie, and on disk there is only its mark. A browser without
    cookies is a new visitor in each tab.
    """
    if not serving().apart or get_script_run_ctx(suppress_warning=True) is None:
        return ""
    key = str(st.context.cookies.get(OWNER_COOKIE, ""))
    if not _KEY.fullmatch(key):
        key = VISITOR.setdefault(secrets.token_hex(16))
    return mark(key, "owner")


def is_teacher() -> bool:
    """Whether this visitor has opened the page with the teacher's key."""
    key = serving().teacher_key
    given = str(st.context.cookies.get(TEACHER_COOKIE, ""))
    return bool(key) and hmac.compare_digest(given.encode(), mark(key, "teacher").encode())


def shared_keys() -> frozenset[str]:
    """Return the keys of the share links that this tab has opened."""
    opened = SHARES.get()
    if SHARE.in_address:
        opened = opened | {SHARE.in_address[:64]}
        SHARES.set(opened)
    return opened
