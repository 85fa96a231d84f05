"""Hostile bytes to a checked RGB picture, and pixels to PNG.

Pillow's defaults do not protect: a WebP of 34 bytes can cost 2.25 GB. Here every size is checked
before anything of that size is allocated, and everything that a decoder may raise becomes one
``ImageError``. No state of Pillow or ``warnings`` is touched, so threads may decode side by side.
"""

import re
import struct
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from io import BytesIO
from math import ceil
from pathlib import Path

import numpy as np
from jaxtyping import Num, UInt8
from PIL import Image, ImageFile, ImageOps, TiffImagePlugin, UnidentifiedImageError

from resnet_viz.errors import ImageError

#: Formats that are decoded, as Pillow names them. The others reach code that is rarely looked at
#: (EPS starts Ghostscript).
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP")

MOST_BYTES = 20 * 2**20
MOST_MEGAPIXELS = 40
#: libwebp's animation decoder and Pillow hold 16 bytes a pixel together: 190 MB.
MOST_MEGAPIXELS_WEBP = 12
#: libjpeg keeps every coefficient of a JPEG in several scans, 6 bytes a pixel: 150 MB.
MOST_MEGAPIXELS_SCANS = 25
#: Each scan walks over the whole picture, and a file of 20 MB has room for 100,000 of them;
#: encoders write about ten.
MOST_SCANS = 50
MOST_ASPECT = 50
#: Longest side kept, in pixels; the networks see 32 or 224.
SIDE = 1600
#: Longest name shown, in characters.
MOST_NAME = 80

#: TIFF compressions without a second picture format inside, which would escape the checks here.
_TIFF = ("raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate",
         "tiff_ccitt", "group3", "group4")  # fmt: skip
#: Pixels decoded to RGB at once, so that no copy of a large picture is made.
_BAND = 1_000_000
_ORIENTATION, _TILE_WIDTH, _TILE_LENGTH = 274, 322, 323  # TIFF 6.0, also in EXIF
_JPEG_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")

#: What Pillow's decoders raise for damaged files. ``Warning`` is here for interpreters that turn
#: warnings into errors.
_DAMAGE = (
    OSError, ValueError, SyntaxError, EOFError, MemoryError, ArithmeticError, LookupError,
    TypeError, AttributeError, AssertionError, RuntimeError, struct.error, zlib.error, Warning,
)  # fmt: skip
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)


@dataclass(frozen=True)
class Picture:
    """A checked RGB picture.

    ``pixels`` are read-only; ``name`` is safe to show, but Markdown in it is not escaped, and it
    is never a path; ``digest`` is the BLAKE2b-128 of shape and pixels, in hexadecimal.
    """

    pixels: UInt8[np.ndarray, "height width 3"] = field(compare=False)  # digest compares
    name: str
    digest: str


def open_picture(data: bytes, name: str) -> Picture:
    """The first frame of a picture file, upright, over white, at most ``SIDE`` pixels long.

    Greys of 16 bits keep their place between black and white; floats are scaled by their finite
    minimum and maximum. Raises ``ImageError`` for everything else.
    """
    shown = safe_name(name)
    _check_bytes(data, shown)
    try:
        pixels = np.array(_decode(data, shown))
    except UnidentifiedImageError:
        raise ImageError("image_unreadable", name=shown, formats=", ".join(FORMATS)) from None
    except _BOMB:
        raise ImageError("image_pixels", name=shown, most=MOST_MEGAPIXELS) from None
    except _DAMAGE:
        raise ImageError("image_broken", name=shown) from None
    pixels.setflags(write=False)
    return Picture(pixels, shown, _digest(pixels))


def read_picture(path: str | Path) -> Picture:
    """``open_picture`` for a file; ``ImageError`` where there is none."""
    path = Path(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            _check_bytes(b" " * (MOST_BYTES + 1), safe_name(path.name))
        return open_picture(path.read_bytes(), path.name)
    except OSError:
        raise ImageError("image_missing", name=safe_name(path.name)) from None


def safe_name(name: str) -> str:
    """A name without control, format (bidirectional) or undefined characters, cut to size."""
    spaced = "".join(" " if c.isspace() else c for c in name[: 10 * MOST_NAME])
    visible = "".join(c for c in spaced if unicodedata.category(c)[0] != "C")
    plain = " ".join(visible.split())
    return (plain if len(plain) <= MOST_NAME else plain[: MOST_NAME - 1] + "…") or "?"


def to_png(pixels: UInt8[np.ndarray, "height width *channels"]) -> bytes:
    """Pixels (grey, RGB or RGBA) as a PNG without metadata, compressed fast rather than small."""
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=1)
    return out.getvalue()


def _digest(pixels: UInt8[np.ndarray, "height width 3"]) -> str:
    shape = struct.pack("<3Q", *pixels.shape)
    return blake2b(shape + pixels.tobytes(), digest_size=16).hexdigest()


def _check_bytes(data: bytes, name: str) -> None:
    if not data:
        raise ImageError("image_empty", name=name, formats=", ".join(FORMATS))
    if len(data) > MOST_BYTES:
        size, most = ceil(len(data) / 2**20), MOST_BYTES // 2**20
        raise ImageError("image_bytes", name=name, size=size, most=most)


def _check_size(size: tuple[int, int], name: str, most: int = MOST_MEGAPIXELS) -> None:
    width, height = size
    if width * height > most * 10**6:
        raise ImageError("image_pixels", name=name, most=most)
    if max(size) > MOST_ASPECT * min(size):
        raise ImageError("image_aspect", name=name, width=width, height=height, most=MOST_ASPECT)


def _decode(data: bytes, name: str) -> Image.Image:
    if (canvas := _webp_canvas(data)) is not None:
        _check_size(canvas, name, MOST_MEGAPIXELS_WEBP)
    with Image.open(BytesIO(data), formats=FORMATS) as image:
        _check_header(image, data, name)
        image.draft(None, _fitted(image.size))
        image.load()
        # Only after load(): Pillow turns TIFF itself then, and a PNG's comes after its pixels.
        orientation = _orientation(image)
        return _upright(_reduced(image), orientation)


def _webp_canvas(data: bytes) -> tuple[int, int] | None:
    """Declared width and height of a WebP (RFC 9649), whose canvas ``Image.open`` allocates."""
    head = data[:30].ljust(30, b"\0")
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        return None
    if head[12:16] == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:], "little")
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", head[26:])
    return width & 0x3FFF, height & 0x3FFF


def _check_header(image: ImageFile.ImageFile, data: bytes, name: str) -> None:
    _check_size(image.size, name)
    if image.format in ("JPEG", "MPO"):
        _check_scans(image, data, name)
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        _check_tiff(image, name)
    if image.format == "PNG":
        # load() skips the checksums of the pixels; verify() needs a file of its own.
        with Image.open(BytesIO(data), formats=["PNG"]) as twin:
            twin.verify()
        if image.mode == "P" and image.palette is None:
            raise ImageError("image_broken", name=name)


def _check_scans(image: ImageFile.ImageFile, data: bytes, name: str) -> None:
    scans = _jpeg_scans(data)
    if scans > MOST_SCANS:
        raise ImageError("image_scans", name=name, most=MOST_SCANS)
    if scans > 1 or "progressive" in image.info:
        _check_size(image.size, name, MOST_MEGAPIXELS_SCANS)


def _jpeg_scans(data: bytes) -> int:
    """Scans of a JPEG's first picture, counted as far as the first one that is too many."""
    scans, at = 0, 2
    while scans <= MOST_SCANS and (marker := _JPEG_MARKER.search(data, at)):
        if marker[1] == b"\xd9":
            break
        scans += marker[1] == b"\xda"
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    return scans


def _check_tiff(image: TiffImagePlugin.TiffImageFile, name: str) -> None:
    compression = image.info.get("compression")
    if compression not in _TIFF:
        known = ", ".join(_TIFF)
        raise ImageError("image_tiff", name=name, compression=compression, known=known)
    # A tile is allocated whole, however small the picture.
    tile = [image.tag_v2.get(tag, 1) for tag in (_TILE_WIDTH, _TILE_LENGTH)]
    if tile[0] * tile[1] > MOST_MEGAPIXELS * 10**6:
        raise ImageError("image_pixels", name=name, most=MOST_MEGAPIXELS)


def _fitted(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1, SIDE / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except _DAMAGE:
        return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    image.getexif()[_ORIENTATION] = orientation
    return ImageOps.exif_transpose(image)


def _reduced(image: Image.Image) -> Image.Image:
    """The picture as RGB with its longest side at most ``SIDE``, by area, then Lanczos."""
    width, height = image.size
    factor = max(1, max(image.size) // SIDE)
    levels = _levels(image) if _is_number(image) else (0.0, 0.0)
    small = Image.new("RGB", (ceil(width / factor), ceil(height / factor)))
    for top, band in _bands(image, factor):
        small.paste(Image.fromarray(_rgb(band, levels)).reduce(factor), (0, top // factor))
    if small.size == _fitted(image.size):
        return small
    box = (0, 0, width / factor, height / factor)
    return small.resize(_fitted(image.size), Image.Resampling.LANCZOS, box)


def _bands(image: Image.Image, factor: int) -> Iterator[tuple[int, Image.Image]]:
    rows = max(1, _BAND // (image.width * factor)) * factor
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _is_number(image: Image.Image) -> bool:
    return image.mode == "F" or image.mode.startswith("I")


def _levels(image: Image.Image) -> tuple[float, float]:
    """The values shown as black and as white."""
    if image.mode.startswith("I;16"):
        return 0.0, 65535.0
    values = (np.asarray(band) for _, band in _bands(image, 1))
    ends = [(v.min(), v.max()) for band in values if (v := band[np.isfinite(band)]).size]
    low = float(min((low for low, _ in ends), default=0))
    high = float(max((high for _, high in ends), default=0))
    return (0.0, 65535.0) if image.mode == "I" and low >= 0 and high <= 65535 else (low, high)


def _rgb(band: Image.Image, levels: tuple[float, float]) -> UInt8[np.ndarray, "height width 3"]:
    if _is_number(band):
        return _grey(np.asarray(band), *levels)
    if not band.has_transparency_data:
        return np.asarray(band.convert("RGB"))
    rgba = np.asarray(band.convert("RGBA")).astype(np.uint32)
    alpha = rgba[..., 3:]
    return ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _grey(
    values: Num[np.ndarray, "height width"], low: float, high: float
) -> UInt8[np.ndarray, "height width 3"]:
    """Scales low to high onto 0 to 255, rounded; what is not a number is black."""
    finite = np.nan_to_num(values.astype(np.float64), nan=low, posinf=high, neginf=low)
    scaled = (finite - low) / ((high - low) or 1) * 255
    return np.repeat(np.rint(scaled).astype(np.uint8)[..., None], 3, axis=2)
