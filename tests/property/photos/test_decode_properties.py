"""Damaged photos: whatever bytes come, the answer is pixels or UnusablePhoto."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from indexer.errors import UnusablePhoto
from indexer.photos import LONG_SIDE, decode

PIXELS = 100_000


def sample(kind: str) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.random.default_rng(3).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(out, kind, **({} if kind == "GIF" else {"exif": exif}))
    return out.getvalue()


SAMPLES = {kind: sample(kind) for kind in ("JPEG", "PNG", "WEBP", "GIF")}


def decoded_or_refused(data: bytes) -> None:
    try:
        pixels = decode(data, pixels=PIXELS)
    except UnusablePhoto:
        return
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3
    assert 1 <= max(pixels.shape[:2]) <= LONG_SIDE


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow tells of damaged metadata, and goes on
@pytest.mark.parametrize("kind", SAMPLES)
@given(changes=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=12), cut=st.integers(0, 4000))
def test_damage_is_survived(kind: str, changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(SAMPLES[kind])
    for place, value in changes:
        data[place % len(data)] = value
    decoded_or_refused(bytes(data[: max(1, cut)]))


@given(st.binary(max_size=200), st.sampled_from(sorted(SAMPLES)))
def test_a_good_start_and_any_end(end: bytes, kind: str) -> None:
    decoded_or_refused(SAMPLES[kind][:64] + end)


@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from(["PNG", "WEBP"]))
def test_lossless_files_come_back_as_they_were(width: int, height: int, kind: str) -> None:
    pixels = np.random.default_rng(width * 100 + height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **({"lossless": True} if kind == "WEBP" else {}))
    assert (decode(out.getvalue(), pixels=PIXELS) == pixels).all()
