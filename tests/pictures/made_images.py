"""Valid, unusual and damaged pictures as bytes, generated in memory and deterministic."""

import random
import struct
import zlib
from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image, PngImagePlugin

PNG = b"\x89PNG\r\n\x1a\n"


Chunks = list[tuple[bytes, bytes]]


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    """A picture file of Pillow's."""
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def gradient(width: int = 24, height: int = 16) -> Image.Image:
    """An RGB picture in which no two pixels are the same."""
    y, x = np.mgrid[:height, :width]
    pixels = np.stack([x * 255 // width, y * 255 // height, (x * 7 + y * 13) % 256], axis=2)
    return Image.fromarray(pixels.astype(np.uint8))


def with_alpha() -> Image.Image:
    """The gradient with an alpha that takes every value from 0 to 255."""
    rgba = gradient().convert("RGBA")
    rgba.putalpha(Image.fromarray(np.linspace(0, 255, 24 * 16).reshape(16, 24).astype(np.uint8)))
    return rgba


def png(chunks: Chunks, *, ended: bool = True) -> bytes:
    """A PNG of these chunks, with their checksums."""
    tail: Chunks = [(b"IEND", b"")] if ended else []
    return PNG + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in [*chunks, *tail]
    )


def png_header(width: int, height: int, bits: int = 8, colour: int = 2) -> tuple[bytes, bytes]:
    """IHDR; colour 0 is grey, 2 RGB, 3 palette, 6 RGBA."""
    return b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)


@cache
def png_zeros(width: int, height: int, bits: int = 8, colour: int = 2) -> bytes:
    """A small PNG of many black pixels."""
    channels = {0: 1, 2: 3, 3: 1, 6: 4}[colour]
    row = bytes(1 + (width * bits * channels + 7) // 8)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return png([png_header(width, height, bits, colour), (b"IDAT", body)])


def png_extra(*extra: tuple[bytes, bytes]) -> bytes:
    """A valid one-pixel PNG with more chunks before its pixels."""
    return png([png_header(1, 1), *extra, (b"IDAT", zlib.compress(bytes(4)))])


def webp(chunk: bytes, body: bytes) -> bytes:
    """A RIFF container with one WebP chunk."""
    inside = b"WEBP" + chunk + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
    return b"RIFF" + struct.pack("<I", len(inside)) + inside


def webp_one_colour(width: int, height: int) -> bytes:
    """A valid lossless WebP of one colour in about 30 bytes, of any size."""
    bits = (width - 1) | (height - 1) << 14
    # No transform, cache or meta codes; five prefix codes of one 1-bit symbol each.
    codes = sum(1 << (3 + 4 * i) for i in range(5))
    return webp(b"VP8L", b"\x2f" + struct.pack("<I", bits) + struct.pack("<I", codes))


def webp_canvas(width: int, height: int) -> bytes:
    """An extended WebP that declares a canvas and holds nothing else."""
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return webp(b"VP8X", bytes(4) + size)


def gif_screen(width: int, height: int) -> bytes:
    """A GIF with this screen and a frame of one pixel."""
    frame = b",\0\0\0\0\x01\0\x01\0\0" + b"\x02\x02\x44\x01\0"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + frame + b";"


def gif_frames(count: int) -> bytes:
    """A GIF whose first frame is the gradient in grey and whose others are one pixel each."""
    start = encode(gradient().convert("L"), "GIF")[:-1]
    return start + b",\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0" * (count - 1) + b";"


def bmp_header(width: int, height: int) -> bytes:
    """A BMP header without pixels."""
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + info


def tiff(entries: dict[int, int], pixels: bytes) -> bytes:
    """A little-endian TIFF of 32-bit tags, its pixels right after the header."""
    tags = b"".join(struct.pack("<HHII", tag, 4, 1, entries[tag]) for tag in sorted(entries))
    directory = struct.pack("<H", len(entries)) + tags + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(pixels)) + pixels + directory


def tiff_tile(side: int) -> bytes:
    """A TIFF of 16 x 16 grey pixels in one compressed tile of ``side`` x ``side``."""
    pixels = zlib.compress(bytes(256))
    tags = {256: 16, 257: 16, 258: 8, 259: 8, 262: 1, 277: 1}
    tile = {322: side, 323: side, 324: 8, 325: len(pixels)}
    return tiff(tags | tile, pixels)


def progressive_jpeg(image: Image.Image, repeats: int = 1) -> bytes:
    """A progressive JPEG whose last scan is there ``repeats`` times."""
    data = encode(image, "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    tables = data.rindex(b"\xff\xc4")
    return data[: min(last, tables)] + data[min(last, tables) : -2] * repeats + data[-2:]


def first_scan(data: bytes) -> bytes:
    """A progressive JPEG that ends after its first scan."""
    start = data.index(b"\xff\xda") + 2
    end = next(i for i in range(start, len(data)) if data[i] == 0xFF and data[i + 1] >= 0xC0)
    return data[:end] + b"\xff\xd9"


def exif(orientation: int, kind: str = "JPEG") -> bytes:
    """The gradient with an EXIF orientation."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    return encode(gradient(), kind, exif=tags, **({"quality": 100} if kind == "JPEG" else {}))


def corrupt_exif(kind: str) -> bytes:
    """A JPEG or PNG with almost 64 kB of noise where EXIF should be."""
    noise, data = random.Random(0).randbytes(65_000), encode(gradient(), kind)
    if kind == "PNG":
        header = len(PNG) + 25
        return data[:header] + png([(b"eXIf", noise)], ended=False)[len(PNG) :] + data[header:]
    noise = b"Exif\0\0" + noise
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(noise) + 2) + noise + data[2:]


@cache
def text_bomb(count: int) -> bytes:
    """A PNG of ``count`` zTXt chunks that unpack to 64 MB each."""
    body = b"a\0\0" + zlib.compress(bytes(64 * 2**20), 9)
    return png_extra(*[(b"zTXt", body)] * count)


@cache
def profile_bomb() -> bytes:
    """A PNG with a colour profile that unpacks to 64 MB."""
    return png_extra((b"iCCP", b"a\0\0" + zlib.compress(bytes(64 * 2**20), 9)))


def half(data: bytes) -> bytes:
    """The first half."""
    return data[: len(data) // 2]


def wrong_checksum(kind: bytes) -> bytes:
    """A PNG in which the checksum of one kind of chunk is wrong."""
    data = bytearray(encode(gradient(), "PNG"))
    at = data.index(kind)
    length = struct.unpack(">I", data[at - 4 : at])[0]
    data[at + 4 + length] ^= 0xFF
    return bytes(data)


def floats(values: list[float], rows: int = 1) -> bytes:
    """A TIFF of 32-bit floats."""
    pixels = np.array(values, np.float32).reshape(rows, -1)
    return encode(Image.fromarray(pixels), "TIFF")


def animated(kind: str) -> bytes:
    """Two frames: the gradient, then its mirror image."""
    mirror = gradient().transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    lossless = {"lossless": True} if kind == "WEBP" else {}
    return encode(gradient(), kind, save_all=True, append_images=[mirror], **lossless)


def html_png() -> bytes:
    """A valid PNG that is also a page with a script."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "<html><script>alert(1)</script></html>")
    return encode(gradient(), "PNG", pnginfo=info) + b"<html><script>alert(1)</script></html>"


def palette_alpha() -> bytes:
    """A palette PNG whose first colour is transparent."""
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    return encode(image, "PNG", transparency=0)


def grey16(values: list[int]) -> Image.Image:
    """One row of 16-bit greys."""
    return Image.fromarray(np.array([values], np.uint16))
