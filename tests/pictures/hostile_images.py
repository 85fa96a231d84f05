"""Hostile uploads, generated in memory and deterministic.

``REFUSED`` must give one ``ImageError`` each, ``ACCEPTED`` one picture each.
"""

import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from tests.pictures.made_images import (
    PNG,
    animated,
    bmp_header,
    corrupt_exif,
    encode,
    exif,
    first_scan,
    floats,
    gif_frames,
    gif_screen,
    gradient,
    grey16,
    half,
    html_png,
    palette_alpha,
    png,
    png_extra,
    png_header,
    png_zeros,
    profile_bomb,
    progressive_jpeg,
    text_bomb,
    tiff_tile,
    webp_canvas,
    webp_one_colour,
    with_alpha,
    wrong_checksum,
)

_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect/></svg>'
_ENTITIES = b'<!DOCTYPE svg [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><svg>&b;</svg>'
_EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"

REFUSED: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "one byte": lambda: b"\x89",
    "text": lambda: b"This is no picture, whatever its name says.\n" * 9,
    "signature only": lambda: PNG,
    "PNG cut in half": lambda: half(encode(gradient(200, 200), "PNG")),
    "PNG without its end": lambda: encode(gradient(), "PNG")[:-12],
    "JPEG cut in half": lambda: half(encode(gradient(200, 200), "JPEG")),
    "progressive JPEG cut in half": lambda: half(progressive_jpeg(gradient(200, 200))),
    "WebP cut in half": lambda: half(encode(gradient(200, 200), "WEBP")),
    "GIF cut in half": lambda: half(encode(gradient(200, 200).quantize(), "GIF")),
    "TIFF cut in half": lambda: half(encode(gradient(200, 200), "TIFF")),
    "BMP cut in half": lambda: half(encode(gradient(200, 200), "BMP")),
    "wrong checksum of the header": lambda: wrong_checksum(b"IHDR"),
    "wrong checksum of the pixels": lambda: wrong_checksum(b"IDAT"),
    "PNG 0 x 0": lambda: png([png_header(0, 0), (b"IDAT", zlib.compress(b""))]),
    "GIF 0 x 0": lambda: gif_screen(0, 0)[:13] + b";",
    "BMP 0 x 0": lambda: bmp_header(0, 0),
    "PNG 65000 x 65000 declared": lambda: png(
        [png_header(65_000, 65_000), (b"IDAT", zlib.compress(bytes(4)))]
    ),
    "PNG 20000 x 20000 of 1 bit": lambda: png_zeros(20_000, 20_000, bits=1, colour=0),
    "PNG 13300 x 13300": lambda: png_zeros(13_300, 13_300),
    "PNG 9400 x 9400": lambda: png_zeros(9_400, 9_400),
    "PNG 6400 x 6400": lambda: png_zeros(6_400, 6_400, bits=1, colour=0),
    "zTXt bomb": lambda: text_bomb(1),
    "many zTXt bombs": lambda: text_bomb(100),
    "iCCP bomb": profile_bomb,
    "GIF screen 65535 x 65535": lambda: gif_screen(65_535, 65_535),
    "WebP 12000 x 12000": lambda: webp_one_colour(12_000, 12_000),
    "WebP 6000 x 6000": lambda: webp_one_colour(6_000, 6_000),
    "WebP canvas 16384 x 16384": lambda: webp_canvas(16_384, 16_384),
    "JPEG with too many scans": lambda: progressive_jpeg(gradient(), repeats=60),
    "progressive JPEG 5200 x 5200": lambda: progressive_jpeg(Image.new("RGB", (5_200, 5_200))),
    "PNG of 30000 chunks": lambda: png_extra(*[(b"tEXt", b"")] * 30_000),
    "JPEG of 30000 segments": lambda: b"\xff\xd8" + b"\xff\xfe\0\x02" * 30_000,
    "progressive JPEG 5200 x 5200 of one scan": lambda: first_scan(
        progressive_jpeg(Image.new("RGB", (5_200, 5_200)))
    ),
    "TIFF tile 13000 x 13000": lambda: tiff_tile(12_992),
    "TIFF with a JPEG inside": lambda: encode(gradient(), "TIFF", compression="jpeg"),
    "SVG": lambda: _SVG,
    "SVG with entities": lambda: _ENTITIES,
    "EPS": lambda: _EPS,
    "PDF": lambda: b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n",
    "BMP header 30000 x 30000": lambda: bmp_header(30_000, 30_000),
    "BMP header 9400 x 9400": lambda: bmp_header(9_400, 9_400),
    "AVIF": lambda: encode(gradient(), "AVIF"),
    "palette without PLTE": lambda: png_zeros(4, 4, colour=3),
    "1 x 30000": lambda: png_zeros(1, 30_000),
    "more than 20 MB": lambda: png_extra() + bytes(20 * 2**20),
}

ACCEPTED: dict[str, Callable[[], bytes]] = {
    "PNG": lambda: encode(gradient(), "PNG"),
    "JPEG": lambda: encode(gradient(), "JPEG"),
    "progressive JPEG": lambda: progressive_jpeg(gradient()),
    "WebP": lambda: encode(gradient(), "WEBP", lossless=True),
    "WebP of one colour": lambda: webp_one_colour(40, 30),
    "BMP": lambda: encode(gradient(), "BMP"),
    "TIFF": lambda: encode(gradient(), "TIFF"),
    "TIFF with LZW": lambda: encode(gradient(), "TIFF", compression="tiff_lzw"),
    "TIFF tile 16 x 16": lambda: tiff_tile(16),
    "GIF of 1500 frames": lambda: gif_frames(1_500),
    "animated PNG": lambda: animated("PNG"),
    "animated WebP": lambda: animated("WEBP"),
    "multi-page TIFF": lambda: animated("TIFF"),
    "EXIF orientation 3": lambda: exif(3),
    "EXIF orientation 6": lambda: exif(6),
    "EXIF orientation 99": lambda: exif(99),
    "64 kB of corrupt EXIF in a JPEG": lambda: corrupt_exif("JPEG"),
    "64 kB of corrupt EXIF in a PNG": lambda: corrupt_exif("PNG"),
    "PNG that is also HTML": html_png,
    "float TIFF": lambda: floats([-1, 0, 1, 3], rows=2),
    "float TIFF with NaN and infinity": lambda: floats(
        [float("nan"), float("inf"), -float("inf"), 0, 1, 2], rows=2
    ),
    "float TIFF of NaN": lambda: floats([float("nan")] * 4, rows=2),
    "float TIFF, all equal": lambda: floats([7.5] * 4, rows=2),
    "16-bit PNG": lambda: encode(grey16([0, 257, 300, 65_535]), "PNG"),
    "32-bit TIFF": lambda: encode(Image.fromarray(np.array([[0, 70_000]], np.int32)), "TIFF"),
    "CMYK JPEG": lambda: encode(gradient().convert("CMYK"), "JPEG"),
    "RGBA": lambda: encode(with_alpha(), "PNG"),
    "LA": lambda: encode(with_alpha().convert("LA"), "PNG"),
    "P with transparency": palette_alpha,
    "grey": lambda: encode(gradient().convert("L"), "PNG"),
    "1-bit": lambda: encode(gradient().convert("1"), "PNG"),
    "1 x 1": lambda: encode(Image.new("RGB", (1, 1), (1, 2, 3)), "PNG"),
    "all equal": lambda: encode(Image.new("RGB", (32, 32), (9, 9, 9)), "PNG"),
    "PNG 6300 x 6300": lambda: png_zeros(6_300, 6_300),
    "WebP 3400 x 3400": lambda: webp_one_colour(3_400, 3_400),
    "progressive JPEG 5000 x 4000": lambda: progressive_jpeg(Image.new("RGB", (5_000, 4_000))),
}
