"""The page on which a visitor types the code of the class; it loads nothing."""

from html import escape

from resnet_viz.core.text import Text

_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>resnet_viz</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; font: 16px system-ui, sans-serif }}
body {{ display: grid; place-content: center; min-height: 90vh; margin: 0 }}
form {{ display: grid; gap: .75rem; width: 18rem }}
input, button {{ font: inherit; padding: .5rem .75rem }}
[role=alert] {{ color: light-dark(#b91c1c, #fca5a5) }}
</style></head><body>
<form method="post" action="/enter">
<label for="code">{label}</label>
<input id="code" name="code" autocomplete="off" autofocus required maxlength="100">
{wrong}<button>{button}</button>
</form></body></html>
"""


def enter_page(text: Text, wrong: str = "") -> str:
    """Return the page; ``wrong`` is the key of the sentence about the last try."""
    alert = f'<p role="alert">{escape(text(wrong))}</p>\n' if wrong else ""
    return _PAGE.format(
        language=text.language,
        label=escape(text("enter.label")),
        button=escape(text("enter.button")),
        wrong=alert,
    )
