"""Decoding: every kind of file that shops send becomes upright RGB over white, and everything else one error."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.errors import UnusablePhoto
from indexer.photos import LONG_SIDE, Pixels, decode, digest, read, thumbnail

ROOMY = 10_000_000
RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def file_of(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def two_halves() -> Image.Image:
    """Red above blue, wider than high."""
    image = Image.new("RGB", (64, 32), RED)
    image.paste(BLUE, (0, 16, 64, 32))
    return image


def colour(pixels: Pixels, x: float, y: float) -> tuple[int, ...]:
    height, width, _ = pixels.shape
    return tuple(int(value) for value in pixels[int(y * height), int(x * width)])


def near(left: tuple[int, ...], right: tuple[int, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(left, right, strict=True)) < 12  # a lossy file moves colours a little


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_the_four_formats(kind: str) -> None:
    pixels = decode(file_of(two_halves(), kind), pixels=ROOMY)
    assert pixels.shape == (32, 64, 3)
    assert pixels.dtype == np.uint8
    assert near(colour(pixels, 0.5, 0.2), RED)
    assert near(colour(pixels, 0.5, 0.8), BLUE)


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "ICO", "PPM"])
def test_other_formats_are_refused(kind: str) -> None:
    with pytest.raises(UnusablePhoto, match="no JPEG, PNG, WebP or GIF"):
        decode(file_of(two_halves(), kind), pixels=ROOMY)


# Where the stored image's top edge (red) is on the upright one, by Exif 2.3 table 4.6.4.
@pytest.mark.parametrize(
    ("orientation", "red", "blue"),
    [
        (1, (0.5, 0.1), (0.5, 0.9)),
        (2, (0.5, 0.1), (0.5, 0.9)),
        (3, (0.5, 0.9), (0.5, 0.1)),
        (4, (0.5, 0.9), (0.5, 0.1)),
        (5, (0.1, 0.5), (0.9, 0.5)),
        (6, (0.9, 0.5), (0.1, 0.5)),
        (7, (0.9, 0.5), (0.1, 0.5)),
        (8, (0.1, 0.5), (0.9, 0.5)),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_orientation_is_applied(kind: str, orientation: int, red: tuple[float, float], blue: tuple[float, float]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = decode(file_of(two_halves(), kind, exif=exif), pixels=ROOMY)
    assert pixels.shape == ((32, 64, 3) if orientation < 5 else (64, 32, 3))
    assert near(colour(pixels, *red), RED)
    assert near(colour(pixels, *blue), BLUE)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning")  # Pillow says so, and goes on
def test_broken_metadata_spoils_no_photo() -> None:
    pixels = decode(file_of(two_halves(), "JPEG", exif=b"Exif\0\0II*\0" + b"\xff" * 40), pixels=ROOMY)
    assert pixels.shape == (32, 64, 3)


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGBA", (20, 20), (0, 0, 0, 0)),
        Image.new("LA", (20, 20), (0, 0)),
    ],
    ids=lambda image: str(image.mode),
)
def test_transparent_becomes_white(image: Image.Image) -> None:
    assert (decode(file_of(image, "PNG"), pixels=ROOMY) == 255).all()


def test_a_transparent_palette_entry_becomes_white() -> None:
    palette = Image.new("P", (20, 20), 0)
    palette.putpalette([10, 20, 30, *RED])
    palette.paste(1, (0, 0, 10, 20))
    pixels = decode(file_of(palette, "PNG", transparency=0), pixels=ROOMY)
    assert colour(pixels, 0.2, 0.5) == RED
    assert colour(pixels, 0.8, 0.5) == WHITE


def test_half_transparent_is_mixed_with_white() -> None:
    pixels = decode(file_of(Image.new("RGBA", (8, 8), (*RED, 128)), "PNG"), pixels=ROOMY)
    assert near(colour(pixels, 0.5, 0.5), (255, 127, 127))


def test_sixteen_bits_keep_their_upper_eight() -> None:
    deep = Image.fromarray(np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64))
    pixels = decode(file_of(deep, "PNG"), pixels=ROOMY)
    assert (pixels[..., 0] == np.asarray(deep) >> 8).all()
    assert (pixels[..., 0] == pixels[..., 2]).all()


def test_print_colours_become_screen_colours() -> None:
    pixels = decode(file_of(two_halves().convert("CMYK"), "JPEG"), pixels=ROOMY)
    assert near(colour(pixels, 0.5, 0.2), RED)


def test_one_bit_and_grey() -> None:
    assert (decode(file_of(Image.new("1", (9, 9), 1), "PNG"), pixels=ROOMY) == 255).all()
    assert (decode(file_of(Image.new("L", (9, 9), 77), "PNG"), pixels=ROOMY) == 77).all()


def test_only_the_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (16, 16), tone) for tone in (RED, BLUE)]
    for kind in ("GIF", "WEBP"):
        pixels = decode(file_of(frames[0], kind, save_all=True, append_images=frames[1:]), pixels=ROOMY)
        assert near(colour(pixels, 0.5, 0.5), RED)


def test_grey_gives_three_equal_channels() -> None:
    pixels = decode(file_of(two_halves(), "PNG"), pixels=ROOMY, grey=True)
    assert pixels.shape == (32, 64, 3)
    assert colour(pixels, 0.5, 0.2) == (76, 76, 76)  # 0.299 of 255, ITU-R 601


def test_the_size_is_checked_before_anything_is_decoded() -> None:
    # The file ends early in its pixels: only its stated size can be the reason.
    data = file_of(Image.effect_noise((300, 200), 90), "PNG")
    header = data[: len(data) // 10]
    with pytest.raises(UnusablePhoto, match=r"300 × 200, more than 50,000 pixels.*PHOTO_PIXELS"):
        decode(header, pixels=50_000)


def test_a_bomb_is_refused_whatever_the_limit() -> None:
    bomb = bytearray(file_of(Image.new("L", (8, 8)), "PNG"))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    import zlib

    bomb[29:33] = zlib.crc32(bytes(bomb[12:29])).to_bytes(4, "big")
    with pytest.raises(UnusablePhoto, match="more pixels than any photo"):
        decode(bytes(bomb), pixels=10**12)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_truncated_is_unusable(kind: str) -> None:
    noise = Image.fromarray(np.random.default_rng(5).integers(0, 256, (60, 80, 3), dtype=np.uint8))
    data = file_of(noise, kind)
    with pytest.raises(UnusablePhoto):
        decode(data[: len(data) // 2], pixels=ROOMY)


@pytest.mark.parametrize(
    "data", [b"", b"x", b"<html>not found</html>", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBP"]
)
def test_what_is_no_photo_is_unusable(data: bytes) -> None:
    with pytest.raises(UnusablePhoto) as caught:
        decode(data, pixels=ROOMY)
    assert len(caught.value.message) > 20


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_large_photos_come_out_bounded_and_the_same_each_time(kind: str) -> None:
    data = file_of(two_halves().resize((4000, 2000)), kind)
    pixels = decode(data, pixels=ROOMY)
    assert pixels.shape == (LONG_SIDE // 2, LONG_SIDE, 3)
    assert digest(pixels) == digest(decode(data, pixels=ROOMY))
    assert near(colour(pixels, 0.5, 0.2), RED)


def test_a_sliver_keeps_a_side_of_one() -> None:
    assert decode(file_of(Image.new("RGB", (5000, 1)), "PNG"), pixels=ROOMY).shape == (1, LONG_SIDE, 3)


def test_a_digest_sees_pixels_and_shape() -> None:
    flat = np.zeros((4, 6, 3), dtype=np.uint8)
    assert digest(flat) != digest(flat.reshape(6, 4, 3))
    assert digest(flat) != digest(flat + 1)
    assert digest(flat) == digest(np.asfortranarray(flat))


def test_a_thumbnail_is_a_small_upright_webp_without_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(io.BytesIO(thumbnail(file_of(two_halves(), "JPEG", exif=exif), side=16, pixels=ROOMY))) as small:
        assert small.format == "WEBP"
        assert small.size == (8, 16)
        assert not small.getexif()


def test_read_gives_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"12345")
    assert read(tmp_path / "a.jpg", limit_bytes=5) == b"12345"
    assert read(str(tmp_path / "a.jpg"), limit_bytes=5) == b"12345"
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a.jpg")
    assert read(tmp_path / "link.jpg", limit_bytes=5) == b"12345"


def test_read_refuses_more_than_its_limit(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"123456")
    with pytest.raises(UnusablePhoto, match="6 bytes, more than 5"):
        read(tmp_path / "a.jpg", limit_bytes=5)


def test_a_missing_file_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "none.jpg", tmp_path / "no" / "folder.jpg", tmp_path / "file" / "below.jpg"):
        with pytest.raises(FileNotFoundError):
            read(path, limit_bytes=5)


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(UnusablePhoto, match="no regular file"):
            read(path, limit_bytes=5)


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000])
def test_impossible_paths_are_unusable(path: str) -> None:
    with pytest.raises(UnusablePhoto, match="can't be opened"):
        read(path, limit_bytes=5)
