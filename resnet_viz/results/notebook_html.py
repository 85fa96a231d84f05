"""A result in a notebook: its line of text, and its picture below."""

from base64 import b64encode
from html import escape
from io import BytesIO

from PIL import Image

_MOST = 900  # pixels, the width of a notebook's column


def with_picture(text: str, picture: Image.Image | None) -> str:
    """HTML that needs no other file."""
    line = f"<code>{escape(text)}</code>"
    if picture is None:
        return line
    picture.thumbnail((_MOST, _MOST))
    data = BytesIO()
    picture.save(data, "PNG")
    source = f"data:image/png;base64,{b64encode(data.getvalue()).decode()}"
    return f'{line}<br><img src="{source}" alt="{escape(text)}">'
