"""The photo table: files as they come and as they are made to harm, each with its outcome; docs/photos.md shows it."""

import io
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile, PngImagePlugin

from indexer.errors import UnusablePhoto
from indexer.photos import LONG_SIDE, decode, thumbnail

PAGE = Path(__file__).resolve().parents[3] / "docs" / "photos.md"
PIXELS = 2_000_000
NOISE = np.random.default_rng(7).integers(0, 256, (60, 80, 3), dtype=np.uint8)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def noise(kind: str, **options: object) -> bytes:
    return saved(Image.fromarray(NOISE), kind, **options)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *, depth: int = 8, colour: int = 2, pixels: bytes = b"", more: bytes = b"") -> bytes:
    """A PNG by hand: it states what it likes."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def animated(kind: str) -> bytes:
    frames = [Image.new("RGB", (40, 30), tone) for tone in ("red", "blue", "green")]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:])


def gif_of_frames(count: int) -> bytes:
    frames = [Image.new("L", (8, 8), tone % 256) for tone in range(count)]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


def jpeg_size(width: int, height: int) -> bytes:
    """A JPEG whose frame header states another size than it has pixels for."""
    data = bytearray(noise("JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def text_bomb() -> bytes:
    return png(8, 8, pixels=zlib.compress(b"\0" + bytes(24)) * 1, more=chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80_000_000), 9)))


def with_metadata(kind: str) -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "SECRET-WORDS"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    return noise(kind, exif=exif)


SHAPE = (60, 80)
USED: dict[str, tuple[Callable[[], bytes], tuple[int, int]]] = {
    "JPEG": (lambda: noise("JPEG"), SHAPE),
    "JPEG, progressive": (lambda: noise("JPEG", progressive=True), SHAPE),
    "JPEG, grey": (lambda: saved(Image.fromarray(NOISE).convert("L"), "JPEG"), SHAPE),
    "JPEG, CMYK": (lambda: saved(Image.fromarray(NOISE).convert("CMYK"), "JPEG"), SHAPE),
    "JPEG, 9 megapixels by a limit of 10": (lambda: saved(Image.new("RGB", (3000, 3000), "red"), "JPEG"), (LONG_SIDE, LONG_SIDE)),
    "JPEG with bytes after its end": (lambda: noise("JPEG") + b"<script>" * 50, SHAPE),
    "PNG": (lambda: noise("PNG"), SHAPE),
    "PNG, 16 bits": (lambda: saved(Image.fromarray(np.arange(4800, dtype=np.uint16).reshape(60, 80) * 13), "PNG"), SHAPE),
    "PNG, 1 bit": (lambda: saved(Image.new("1", (80, 60), 1), "PNG"), SHAPE),
    "PNG, palette with transparency": (lambda: saved(Image.fromarray(NOISE).quantize(16), "PNG", transparency=0), SHAPE),
    "PNG, RGBA": (lambda: saved(Image.fromarray(NOISE).convert("RGBA"), "PNG"), SHAPE),
    "PNG, animated": (lambda: animated("PNG"), (30, 40)),
    "WebP": (lambda: noise("WEBP"), SHAPE),
    "WebP, lossless, RGBA": (lambda: saved(Image.fromarray(NOISE).convert("RGBA"), "WEBP", lossless=True), SHAPE),
    "WebP, animated": (lambda: animated("WEBP"), (30, 40)),
    "GIF": (lambda: noise("GIF"), SHAPE),
    "GIF, animated": (lambda: animated("GIF"), (30, 40)),
    "GIF of 2,000 frames": (lambda: gif_of_frames(2000), (8, 8)),
    "one pixel": (lambda: saved(Image.new("RGB", (1, 1)), "PNG"), (1, 1)),
    "a name that says another type": (lambda: noise("WEBP"), SHAPE),
}

NOT_OURS = "no JPEG, PNG, WebP or GIF"
UNUSABLE: dict[str, tuple[Callable[[], bytes], str]] = {
    "no bytes": (lambda: b"", "no bytes"),
    "HTML": (lambda: b"<!doctype html><title>Not found</title>", NOT_OURS),
    "SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>', NOT_OURS),
    "PDF": (lambda: b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%%EOF", NOT_OURS),
    "EPS": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(/etc/passwd) (r) file\n", NOT_OURS),
    "EPS with a DOS header": (lambda: b"\xc5\xd0\xd3\xc6" + bytes(28), NOT_OURS),
    "HEIC": (lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), NOT_OURS),
    "AVIF": (lambda: b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(64), NOT_OURS),
    "TIFF": (lambda: noise("TIFF"), NOT_OURS),
    "BMP": (lambda: noise("BMP"), NOT_OURS),
    "ICO": (lambda: noise("ICO"), NOT_OURS),
    "JPEG 2000": (lambda: b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(64), NOT_OURS),
    "TGA": (lambda: noise("TGA"), NOT_OURS),
    "PCX": (lambda: noise("PCX"), NOT_OURS),
    "Photoshop": (lambda: b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 8, 8, 8, 3) + bytes(200), NOT_OURS),
    "FITS": (lambda: b"SIMPLE  =                    T".ljust(80) + b"END".ljust(2800), NOT_OURS),
    "a zip": (lambda: b"PK\3\4" + bytes(60), NOT_OURS),
    "an MPO of two JPEGs cut after the first": (lambda: noise("JPEG")[: len(noise("JPEG")) * 2 // 3], "decode"),
    "JPEG, truncated": (lambda: noise("JPEG")[:-800], "decode"),
    "PNG, truncated": (lambda: noise("PNG")[:-800], "decode"),
    "WebP, truncated": (lambda: noise("WEBP")[:-200], "decode"),
    "GIF, truncated": (lambda: noise("GIF")[:-1500], "decode"),
    "only a JPEG's first bytes": (lambda: b"\xff\xd8\xff\xe0", "decode"),
    "PNG with a wrong checksum": (lambda: noise("PNG").replace(b"IDAT", b"IDAT\1", 1), "decode"),
    "PNG bomb: 12 kB of zeros, 50,000 × 50,000": (lambda: png(50_000, 50_000, pixels=zlib.compress(bytes(10_000_000), 9)), "pixels"),
    "PNG that states 2 billion × 1": (lambda: png(2_000_000_000, 1), "pixels"),
    "PNG that states 0 × 0": (lambda: png(0, 0), "decode"),
    "PNG just over the limit": (lambda: png(2001, 1000), "2,001 × 1,000, more than 2,000,000 pixels"),
    "PNG with 80 MB of packed text": (text_bomb, "decode"),
    "JPEG that states 65,500 × 65,500": (lambda: jpeg_size(65_500, 65_500), "pixels"),
    "JPEG just over the limit": (lambda: jpeg_size(2001, 1000), "2,001 × 1,000"),
    "GIF that states 65,535 × 65,535": (lambda: b"GIF89a\xff\xff\xff\xff\0\0\0" + noise("GIF")[13:], "decode"),
}


@pytest.mark.parametrize("name", USED)
def test_used(name: str) -> None:
    make, shape = USED[name]
    pixels = decode(make(), pixels=10_000_000)
    assert pixels.shape == (*shape, 3)
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize("name", UNUSABLE)
def test_unusable(name: str) -> None:
    make, reason = UNUSABLE[name]
    data = make()
    tracemalloc.start()
    try:
        with pytest.raises(UnusablePhoto, match=reason):
            decode(data, pixels=PIXELS)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 30_000_000, "refused without being unpacked"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_no_metadata_comes_through(kind: str) -> None:
    data = with_metadata(kind)
    assert b"SECRET" in data
    small = thumbnail(data, side=64, pixels=PIXELS)
    assert b"SECRET" not in small
    with Image.open(io.BytesIO(small)) as image:
        assert not image.getexif()
        assert set(image.info) <= {"loop", "background", "timestamp", "duration"}


def test_the_first_frame_of_an_animation() -> None:
    for kind in ("GIF", "WEBP", "PNG"):
        red = decode(animated(kind), pixels=PIXELS)[15, 20]
        assert red[0] > 200
        assert red[2] < 60


def test_pillow_is_told_to_refuse_what_is_cut_off_and_to_unpack_little_text() -> None:
    """Its defaults, which the decoder relies on: no other part of the program may loosen them."""
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    assert PngImagePlugin.MAX_TEXT_CHUNK <= 1 << 20


def test_the_page_shows_this_table() -> None:
    page = PAGE.read_text()
    rows = [f"| {name} | used |" for name in USED] + [f"| {name} | unusable |" for name in UNUSABLE]
    assert [row for row in rows if row not in page] == []
