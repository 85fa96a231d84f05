"""Hostile and unusual file names."""

NAMES: list[str] = [
    "n" * 300 + ".png",
    "../../x.png",
    "photo\u202egnp.exe",
    "nul\0byte.png",
    "<img src=x onerror=alert(1)>.png",
    "![x](http://127.0.0.1:9/a).png",
    "CON.png",
    "\U0001f469\u200d\U0001f680\U0001f600.png",
    ".png",
    "a.png.exe",
    "two\nlines\r\n.png",
    ":red[x] $x$",
    "",
    "\u2066\u200b\ufeff",
    "{name} {0} %s",
    "lone \ud800 surrogate.png",
    "\x1b[31mred\x1b[0m.png",
]

#: Characters that turn the direction of writing around.
BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
