"""Hostile bytes to a checked RGB picture, and pixels to PNG.

Pillow's defaults do not protect: a WebP of 34 bytes can allocate 2.25 GB. Here every size is
checked before anything of that size is allocated, and every exception of a decoder becomes an
``ImageError``. Global state of Pillow and ``warnings`` stays as it is, so threads can
decode at once.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from io import BytesIO
from itertools import islice
from math import ceil
from pathlib import Path
from unicodedata import category

import numpy as np
from jaxtyping import Num, UInt8
from PIL import Image, ImageFile, ImageOps, TiffImagePlugin, UnidentifiedImageError

from resnet_viz.core.errors import ImageError

#: Formats that are decoded, as Pillow names them; decoders of other formats are less reviewed.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP")

MOST_BYTES = 20 * 2**20
MOST_MEGAPIXELS = 40
MOST_MEGAPIXELS_WEBP = 12  # libwebp and Pillow together hold 16 bytes per pixel: 190 MB
MOST_MEGAPIXELS_SCANS = 25  # libjpeg then keeps every coefficient, 6 bytes per pixel: 150 MB
MOST_SCANS = 50  # each walks over the whole picture, 25 ms at 25 megapixels; encoders write ten
MOST_PARTS = 20_000  # chunks of a PNG, segments of a JPEG: Pillow takes 7 microseconds for each
MOST_ASPECT = 50
MOST_NAME = 80  # characters
SIDE = 1600  # pixels of the longest side after decoding; the networks see 32 or 224

#: TIFF compressions without a second picture format inside, which would escape the checks here.
_TIFF = "raw, packbits, tiff_lzw, tiff_adobe_deflate, tiff_deflate, tiff_ccitt, group3, group4"
_BAND = 250_000  # pixels converted to RGB at once, so that a large picture is never copied whole
_ORIENTATION, _TILE_WIDTH, _TILE_LENGTH = 274, 322, 323  # TIFF 6.0, also in EXIF
_JPEG_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")

#: What Pillow's decoders raise for damaged files; ``Warning`` where warnings are errors.
_DAMAGE = (
    OSError, ValueError, SyntaxError, EOFError, MemoryError, ArithmeticError, LookupError,
    TypeError, AttributeError, AssertionError, RuntimeError, struct.error, zlib.error, Warning,
)  # fmt: skip


@dataclass(frozen=True, repr=False)
class Picture:
    """A checked RGB picture.

    ``pixels`` are read-only; ``name`` is safe to show, but Markdown in it is not escaped, and it
    is never a path; ``digest`` is the BLAKE2b-128 of shape and pixels, in hexadecimal.
    """

    pixels: UInt8[np.ndarray, "height width 3"] = field(compare=False)  # compared by digest
    name: str
    digest: str

    def __repr__(self) -> str:
        height, width = self.pixels.shape[:2]
        return f"Picture({self.name}, {width} x {height})"


def open_picture(data: bytes, name: str) -> Picture:
    """Decode the first frame of a picture file, upright, on white, at most ``SIDE`` pixels long.

    16-bit greys are scaled linearly. Floats are scaled by their finite minimum and maximum; NaN and
    constant pictures are black.

    Parameters
    ----------
    data
        The file's content; may be hostile.
    name
        The file's name, for errors and for ``Picture.name``.

    Raises
    ------
    ImageError
        For anything that is not a picture within the limits.

    """
    shown = safe_name(name)
    try:
        pixels = np.array(_decode(data, shown))
    except UnidentifiedImageError:
        raise ImageError("image_unreadable", name=shown, formats=", ".join(FORMATS)) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError("image_pixels", name=shown, most=MOST_MEGAPIXELS) from None
    except _DAMAGE:
        raise ImageError("image_broken", name=shown) from None
    pixels.setflags(write=False)
    whole = str(pixels.shape).encode() + pixels.tobytes()
    return Picture(pixels, shown, blake2b(whole, digest_size=16).hexdigest())


def read_picture(path: str | Path) -> Picture:
    """Decode a picture file on disk, as ``open_picture``; ``ImageError`` if it cannot be read."""
    name = Path(path).name
    try:
        if not Path(path).is_file():  # a pipe could be waited for without end
            raise ImageError("image_missing", name=safe_name(name))
        with open(path, "rb") as file:
            return open_picture(file.read(MOST_BYTES + 1), name)
    except (OSError, ValueError):  # ValueError: a NUL in the path
        raise ImageError("image_missing", name=safe_name(name)) from None


def safe_name(name: str) -> str:
    """A name without control, bidirectional or undefined characters, cut to size."""
    spaced = " ".join(name[: 10 * MOST_NAME].split())
    plain = " ".join("".join(c for c in spaced if category(c)[0] != "C").split())
    return (plain if len(plain) <= MOST_NAME else plain[: MOST_NAME - 1] + "…") or "?"


def to_png(pixels: UInt8[np.ndarray, "height width *channels"]) -> bytes:
    """Grey, RGB or RGBA pixels as a PNG without metadata, compressed for speed."""
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=1)
    return out.getvalue()


def to_jpeg(pixels: UInt8[np.ndarray, "height width 3"], quality: int = 85) -> bytes:
    """RGB pixels as a JPEG, a sixth of the PNG, for pictures that are only looked at."""
    out = BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality)
    return out.getvalue()


def _check_size(size: tuple[int, int], name: str, most: int = MOST_MEGAPIXELS) -> None:
    width, height = size
    if width * height > most * 10**6:
        raise ImageError("image_pixels", name=name, most=most)
    if max(size) > MOST_ASPECT * min(size):
        raise ImageError("image_aspect", name=name, width=width, height=height, most=MOST_ASPECT)


def _decode(data: bytes, name: str) -> Image.Image:
    scans = _check_bytes(data, name)
    if (canvas := _webp_canvas(data)) is not None:
        _check_size(canvas, name, MOST_MEGAPIXELS_WEBP)
    with Image.open(BytesIO(data), formats=FORMATS) as image:
        many = scans > 1 or "progressive" in image.info
        _check_size(image.size, name, MOST_MEGAPIXELS_SCANS if many else MOST_MEGAPIXELS)
        _check_kind(image, data, name)
        size = _fitted(image.size)
        image.draft(None, size)
        return _upright(_reduced(image, size), image)


def _check_bytes(data: bytes, name: str) -> int:
    """Checks length and number of parts; returns the number of a JPEG's scans."""
    if not data:
        raise ImageError("image_empty", name=name, formats=", ".join(FORMATS))
    if len(data) > MOST_BYTES:
        raise ImageError("image_bytes", name=name, most=MOST_BYTES // 2**20)
    parts = list(islice(_parts(data), MOST_PARTS + 1))
    scans = parts.count(b"\xda")
    for count, most in ((len(parts), MOST_PARTS), (scans, MOST_SCANS)):
        if count > most:
            raise ImageError("image_parts", name=name, most=most)
    return scans


def _parts(data: bytes) -> Iterator[bytes]:
    """Kinds of a PNG's chunks, or of the segments of a JPEG's first picture, in their order."""
    at = 2
    while data[:2] == b"\xff\xd8" and (marker := _JPEG_MARKER.search(data, at)):
        yield marker[1]
        size = int.from_bytes(data[marker.end() : marker.end() + 2], "big")
        at = len(data) if marker[1] == b"\xd9" else marker.end() + size
    at, kind = 8, b""
    while data[:4] == b"\x89PNG" and at < len(data) and kind != b"IEND":
        yield (kind := data[at + 4 : at + 8])
        at += 12 + int.from_bytes(data[at : at + 4], "big")


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


def _check_kind(image: ImageFile.ImageFile, data: bytes, name: str) -> None:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        _check_tiff(image, name)
    if image.format == "PNG":
        # load() skips the checksums of the pixels; verify() needs a separate file.
        with Image.open(BytesIO(data), formats=["PNG"]) as twin:
            twin.verify()
        if image.mode == "P" and image.palette is None:
            raise ImageError("image_broken", name=name)


def _check_tiff(image: TiffImagePlugin.TiffImageFile, name: str) -> None:
    compression = image.info.get("compression")
    if compression not in _TIFF.split(", "):
        raise ImageError("image_tiff", name=name, compression=compression, known=_TIFF)
    # A tile is allocated whole, however small the picture.
    tile = [image.tag_v2.get(tag, 1) for tag in (_TILE_WIDTH, _TILE_LENGTH)]
    if tile[0] * tile[1] > MOST_MEGAPIXELS * 10**6:
        raise ImageError("image_pixels", name=name, most=MOST_MEGAPIXELS)


def _fitted(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1, SIDE / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _upright(picture: Image.Image, file: Image.Image) -> Image.Image:
    """The picture, rotated by the file's EXIF orientation; Pillow has already rotated a TIFF."""
    try:
        picture.getexif()[_ORIENTATION] = int(file.getexif().get(_ORIENTATION, 1))
    except _DAMAGE:
        return picture
    return ImageOps.exif_transpose(picture)


def _reduced(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture as RGB of this size, by area, then Lanczos."""
    width, height = image.size
    factor = max(1, max(image.size) // SIDE)
    levels = _levels(image) if image.mode[0] in "IF" else (0.0, 0.0)
    small = Image.new("RGB", (ceil(width / factor), ceil(height / factor)))
    for top, band in _bands(image, factor):
        small.paste(Image.fromarray(_rgb(band, levels)).reduce(factor), (0, top // factor))
    box = (0, 0, width / factor, height / factor)
    return small.resize(size, Image.Resampling.LANCZOS, box)


def _bands(image: Image.Image, factor: int) -> Iterator[tuple[int, Image.Image]]:
    rows = max(1, _BAND // (image.width * factor)) * factor
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _levels(image: Image.Image) -> tuple[float, float]:
    """The values of black and white: 0 and 65535 for ints in this range, else the extremes."""
    values = (np.asarray(band) for _, band in _bands(image, 1))
    ends = [(v.min(), v.max()) for band in values if (v := band[np.isfinite(band)]).size]
    low = float(min((low for low, _ in ends), default=0))
    high = float(max((high for _, high in ends), default=0))
    return (0.0, 65535.0) if image.mode != "F" and low >= 0 and high <= 65535 else (low, high)


def _rgb(band: Image.Image, levels: tuple[float, float]) -> UInt8[np.ndarray, "height width 3"]:
    if band.mode[0] in "IF":
        return _grey(np.asarray(band), *levels)
    if not band.has_transparency_data:
        return np.asarray(band.convert("RGB"))
    rgba = np.asarray(band.convert("RGBA")).astype(np.uint32)
    alpha = rgba[..., 3:]
    return ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _grey(
    values: Num[np.ndarray, "height width"], low: float, high: float
) -> UInt8[np.ndarray, "height width 3"]:
    """Scale ``low`` to ``high`` to 0 to 255, rounded; NaN is black."""
    finite = np.nan_to_num(values.astype(np.float64), nan=low, posinf=high, neginf=low)
    scaled = (finite - low) / ((high - low) or 1) * 255
    return np.repeat(np.rint(scaled).astype(np.uint8)[..., None], 3, axis=2)
